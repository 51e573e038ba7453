"""Channels, row changes, rooms, replay and tokens over real sockets; every message is checked against the schema."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import struct
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ws_wire import CLOSE, PATIENCE, PING, PONG, TEXT, CheckedSocket, Harness, WebSocket, request  # noqa: E402

SECRET = "a secret of no fewer than 32 bytes"


def setUpModule():
    if reason := CheckedSocket.load_schema():
        if os.environ.get("CI"):
            raise RuntimeError(reason)
        print("SKIPPED: " + reason, flush=True)
        raise unittest.SkipTest(reason)


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims, algorithm="HS256", secret=SECRET):
    text = encode(json.dumps({"alg": algorithm}).encode()) + "." + encode(json.dumps(claims).encode())
    mac = b"" if algorithm == "none" else hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return text + "." + encode(mac)


def bearer(value):
    return {"Authorization": "Bearer " + value}


def subscribe(channel, **payload):
    return {"type": "subscribe", "id": "s", "channel": channel, "payload": payload}


class Fed(unittest.TestCase):
    settings = ()

    def setUp(self):
        self.harness = self.enterContext(Harness(*self.settings))
        for command in ("status connected", "health good 1.8", "source poll"):
            self.harness.say(command)

    def open(self, kind=CheckedSocket, **more):
        client = self.enterContext(kind(self.harness.port, **more))
        self.assertEqual(client.status, 101)
        client.ready = client.read_until("session:ready")["payload"]
        return client


class Channels(Fed):
    def test_events_and_changes_reach_their_subscribers(self):
        client = self.open()
        self.assertEqual(client.ready["changeSource"], "poll")
        for channel in ("tasks", "*", "inbox:ann"):
            self.assertTrue(client.ask(subscribe(channel))["ok"])
        spec = {"table": "positions", "filter": "id=gt.5"}
        reply = client.ask(subscribe("db:public.positions", changes=[spec]))
        self.harness.say('event tasks created {"type":"task","id":1}')
        self.harness.say('event inbox:ann updated {"type":"mail","id":"m"}')
        self.harness.say('change INSERT public positions {"id":1}')
        self.harness.say('change INSERT public positions {"id":9007199254740993}')
        self.harness.say('change DELETE public positions {"id":7}')
        got = [client.read() for _ in range(4)]
        self.assertEqual([m["type"] for m in got], ["event", "event", "change", "change"])
        self.assertEqual(got[0]["payload"]["element"]["id"], "1")
        self.assertEqual(got[2]["payload"]["new"]["id"], "9007199254740993")
        self.assertEqual(got[3]["payload"]["sub"], reply["result"]["subs"])
        self.assertGreater(got[0]["seq"], reply["result"]["head"])

    def test_list_reply_and_unsubscribe(self):
        client = self.open()
        reply = client.ask({"type": "subscribe", "id": "1", "payload": {"channels": ["tasks", "db:a.b", "nope"]}})
        self.assertEqual(reply["result"]["accepted"], ["tasks", "db:a.b"])
        self.assertEqual(reply["result"]["refused"][0]["code"], "BAD_CHANNEL")
        self.assertEqual(reply["result"]["subs"]["db:a.b"], [1])
        self.assertTrue(client.ask({"type": "unsubscribe", "id": "2", "channel": "tasks"})["ok"])
        self.harness.say('event tasks created {"type":"task","id":"1"}')
        client.send({"type": "ping"})
        self.assertEqual(client.read()["type"], "pong")

    def test_nonsense_of_a_source_is_counted_and_harms_nobody(self):
        client = self.open()
        client.ask(subscribe("*"))
        for bad in ("event tasks created {", "event tasks created []", "event tasks exploded {}", "event nowhere created {}",
                    "change EXPLODE public t {}", "change INSERT public t [1]"):
            self.harness.say(bad)
        self.harness.say('event tasks created {"type":"task","id":"1"}')
        self.assertEqual(client.read()["type"], "event")
        self.assertEqual(self.harness.counts()["rejected"], 6)

    def test_source_switch_and_loss(self):
        client = self.open()
        self.harness.say("source proxy")
        self.assertEqual(client.read()["payload"]["reason"], "source-switched")
        self.harness.say("lose")
        gap = client.read()["payload"]
        self.assertEqual(gap["reason"], "source-lost")
        self.assertNotEqual(gap["epoch"], client.ready["epoch"])
        info = json.loads(request(self.harness.port, target="/ws/info")[2])
        self.assertEqual((info["changeSource"], info["epoch"]), ("proxy", gap["epoch"]))


class Rooms(Fed):
    def test_broadcast_and_presence_between_sockets(self):
        ann, bob = self.open(), self.open()
        ann.ask(subscribe("room:lobby", presence={"key": "ann"}))
        self.assertEqual(ann.read()["type"], "presence:state")
        meta = {"type": "presence:track", "id": "t", "channel": "room:lobby", "payload": {"meta": {"name": "Ann"}}}
        self.assertTrue(ann.ask(meta)["ok"])
        bob.ask(subscribe("room:lobby", broadcast={"self": True}))
        self.assertEqual(bob.read()["payload"]["state"]["ann"][0]["name"], "Ann")
        message = {"type": "publish", "id": "p", "channel": "room:lobby",
                   "payload": {"event": "hello", "data": {"n": [1, None]}, "messageId": "m"}}
        self.assertTrue(bob.ask(message)["ok"])
        for client in (ann, bob):
            self.assertEqual(client.read_until("broadcast")["payload"]["data"], {"n": [1, None]})
        ann.sock.close()
        self.assertEqual(list(bob.read_until("presence:diff")["payload"]["leaves"]), ["ann"])

    def test_admin_broadcast_and_clients(self):
        client = self.open()
        client.ask(subscribe("inbox:ann"))
        post = lambda body: request(self.harness.port, "POST", "/api/broadcast", body=json.dumps(body).encode())
        self.assertEqual(post({"event": "maintenance", "data": 5})[0], 200)
        self.assertEqual(client.read()["channel"], "*")
        self.assertEqual(post({"channel": "inbox:ann", "action": "created", "element": {"type": "mail", "id": "1"}})[0], 200)
        self.assertEqual(client.read()["type"], "event")
        self.assertEqual(post({"channel": "database", "event": "x"})[0], 400)
        self.assertEqual(request(self.harness.port, "POST", "/api/broadcast", body=b"\xff")[0], 400)
        listed = json.loads(request(self.harness.port, target="/api/clients")[2])
        self.assertEqual((listed["count"], listed["clients"][0]["id"]), (1, client.ready["sessionId"]))


class Replay(Fed):
    def test_resume_brings_what_was_missed_before_what_is_new(self):
        first = self.open()
        first.ask(subscribe("tasks"))
        seen = first.ready["head"]
        first.sock.close()
        for number in range(3):
            self.harness.say('event tasks created {"type":"task","id":"%d"}' % number)
        again = self.open()
        again.ask(subscribe("tasks"))
        again.send({"type": "resume", "id": "r", "payload": {"epoch": first.ready["epoch"], "seq": seen}})
        replayed = [again.read() for _ in range(3)]
        self.assertTrue(all(m["replay"] for m in replayed))
        self.assertEqual([m["payload"]["element"]["id"] for m in replayed], ["0", "1", "2"])
        reply = again.read()
        self.assertEqual((reply["type"], reply["payload"]["result"]["replayed"]), ("reply", 3))
        self.harness.say('event tasks created {"type":"task","id":"new"}')
        self.assertNotIn("replay", again.read())

    def test_resume_at_another_process_is_a_gap(self):
        old = self.open().ready
        with Harness() as other:
            with CheckedSocket(other.port) as client:
                ready = client.read_until("session:ready")["payload"]
                self.assertNotEqual(ready["epoch"], old["epoch"])
                reply = client.ask({"type": "resume", "id": "r", "payload": {"epoch": old["epoch"], "seq": old["head"]}})
                self.assertEqual(reply, {"ok": True, "result": {"recovered": False, "head": ready["head"]}})
                self.assertEqual(client.read()["payload"]["reason"], "epoch-changed")


class SlowReader(Fed):
    settings = ("http.queue_hard_bytes=100000", "http.queue_soft_bytes=50000", "http.queue_slow_timeout_ms=60000",
                "feed.replay_max_messages=100000")

    def test_slow_reader_misses_nothing_that_the_ring_has(self):
        # Unchecked: so many that checking each would take a minute.
        slow, fast = self.open(WebSocket, receive_buffer=8_192), self.open(WebSocket)
        for client in (slow, fast):
            client.ask(subscribe("tasks"))
        for _ in range(10):
            self.harness.say("events 1000")
        for client in (fast, slow):
            seqs = [client.read()["seq"] for _ in range(10_000)]
            self.assertEqual(seqs, list(range(seqs[0], seqs[0] + 10_000)))
        self.assertEqual(self.harness.counts()["gaps"], 0)

    def test_pings_of_a_slow_reader_are_answered_between_whole_frames(self):
        slow = self.open(WebSocket, receive_buffer=8_192)
        slow.ask(subscribe("tasks"))
        for _ in range(5):
            self.harness.say("events 1000")
            for _ in range(4):
                slow.send_frame(PING, b"are you there")
        seqs, pongs = [], 0
        while len(seqs) < 5_000 or pongs < 20:
            opcode, payload = slow.read_frame()
            self.assertIn(opcode, (TEXT, PONG))
            if opcode == TEXT:
                seqs.append(json.loads(payload)["seq"])
            else:
                self.assertEqual(payload, b"are you there")
                pongs += 1
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + 5_000)))

    def test_behind_the_answer_to_a_close_comes_nothing(self):
        slow = self.open(WebSocket, receive_buffer=8_192)
        slow.ask(subscribe("tasks"))
        self.harness.say("events 3000")
        slow.send_frame(CLOSE, struct.pack(">H", 1000))
        self.harness.say("events 3000")
        opcode = TEXT
        while opcode == TEXT:
            opcode, payload = slow.read_frame()
        self.assertEqual((opcode, payload), (CLOSE, b"\x03\xe8"))
        with self.assertRaises(EOFError):
            slow.read_frame()


class SlowReaderTooFar(Fed):
    settings = ("http.queue_hard_bytes=100000", "http.queue_soft_bytes=50000", "http.queue_slow_timeout_ms=1000",
                "feed.replay_max_messages=20000")

    def test_slow_reader_that_never_reads_is_closed_4508(self):
        slow = self.open(WebSocket, receive_buffer=8_192)
        slow.ask(subscribe("tasks"))
        for _ in range(10):
            self.harness.say("events 3000")
        deadline = time.monotonic() + PATIENCE
        while self.harness.counts()["slow"] == 0:
            self.assertLess(time.monotonic(), deadline)
        last, code, _ = slow.read_to_close()
        self.assertEqual((code, last["payload"]["reconnect"]), (4508, True))


class SlowReaderTooLate(Fed):
    settings = ("http.queue_hard_bytes=100000", "http.queue_soft_bytes=50000", "feed.replay_max_messages=100")

    def test_slow_reader_that_lost_something_is_told(self):
        slow = self.open(receive_buffer=8_192)
        slow.ask(subscribe("tasks"))
        self.harness.say("events 10000")
        gap = slow.read_until("stream:gap")["payload"]
        self.assertEqual(gap["reason"], "slow-consumer")
        event = slow.read()
        self.assertEqual((event["type"], event["seq"]), ("event", gap["to"] + 1))


class Tokens(Fed):
    settings = ("jwt.algorithms=HS256", "jwt.secret=" + SECRET, "jwt.role_scopes=viewer=status:read channel:read:tasks",
                "feed.auth_grace_ms=700")

    def claims(self, seconds=600, **more):
        return {"sub": "ann", "exp": time.time() + seconds, **more}

    def refused(self, text):
        with WebSocket(self.harness.port, headers=bearer(text)) as client:
            return client.status

    def test_token_of_a_role(self):
        client = self.open(headers=bearer(token(self.claims(role="viewer"))))
        self.assertEqual(client.ready["auth"]["subject"], "ann")
        self.assertTrue(client.ask(subscribe("tasks"))["ok"])
        self.assertEqual(client.ask(subscribe("plans"))["error"]["code"], "FORBIDDEN")
        self.assertEqual(client.ask({"type": "database:reconnect", "id": "1"})["error"]["code"], "FORBIDDEN")

    def test_wrong_tokens(self):
        good = self.claims(role="viewer")
        for text in (token(good, "none"), token(good, secret="another secret of at least 32 bytes"),
                     token(self.claims(-1, role="viewer")), token({"sub": "ann", "role": "viewer"}), "x.y.z", "wrong", "..",
                     token(good)[:-3], token(good) + ".x", token(self.claims(role="viewer", nbf=time.time() + 600))):
            self.assertEqual(self.refused(text), 401, text)
        self.assertEqual(self.refused(token(self.claims(role="stranger"))), 403)

    def test_first_message(self):
        with CheckedSocket(self.harness.port) as client:
            self.assertEqual(client.status, 101)
            client.send({"type": "auth", "id": "a", "payload": {"token": token(self.claims(role="viewer"))}})
            self.assertEqual(client.read_types(4), ["reply", "database:status", "database:health", "session:ready"])
        for message in ({"type": "auth", "id": "a", "payload": {"token": token(self.claims(), "none")}}, {"type": "ping"}):
            with CheckedSocket(self.harness.port) as client:
                client.send(message)
                self.assertEqual(client.read_to_close()[1], 4401)
        with CheckedSocket(self.harness.port) as client:
            self.assertEqual(client.read_to_close()[1], 4401)
        self.assertEqual(self.harness.counts()["unauthorized"], 3)

    def test_expiry_and_extension(self):
        short = token(self.claims(2, role="viewer"))
        ends, goes_on = self.open(headers=bearer(short)), self.open(headers=bearer(short))
        self.assertEqual(goes_on.read()["type"], "auth:expiring")
        self.assertTrue(goes_on.ask({"type": "auth", "id": "a", "payload": {"token": token(self.claims(role="viewer"))}})["ok"])
        last, code, _ = ends.read_to_close()
        self.assertEqual((code, last["payload"]["reconnect"]), (4401, True))
        goes_on.send({"type": "ping"})
        self.assertEqual(goes_on.read_until("pong")["type"], "pong")

    def test_routes_ask_for_scopes(self):
        viewer, admin = token(self.claims(role="viewer")), token(self.claims(scope="*"))
        for method, path in (("GET", "/api/clients"), ("POST", "/api/broadcast"), ("GET", "/api/operations"),
                             ("GET", "/metrics")):
            body = b'{"event":"x"}' if path == "/api/broadcast" else b""
            self.assertEqual(request(self.harness.port, method, path, headers=bearer(viewer), body=body)[0], 403, path)
            self.assertEqual(request(self.harness.port, method, path, headers=bearer(admin), body=body)[0], 200, path)
            self.assertEqual(request(self.harness.port, method, path, body=body)[0], 401, path)
        self.assertEqual(request(self.harness.port, target="/api/status", headers=bearer(viewer))[0], 200)


class TokenFile(unittest.TestCase):
    def test_tokens_change_while_it_runs(self):
        with tempfile.NamedTemporaryFile("w", suffix=".tokens") as file:
            digest = hashlib.sha256(b"hidden").hexdigest()
            file.write(f"ann t0ken ops status:read\nbob sha256:{digest} ops status:read\n")
            file.flush()
            with Harness(f"feed.token_file={file.name}") as harness:
                status = lambda text: request(harness.port, target="/api/status", headers=bearer(text))[0]
                self.assertEqual([status("t0ken"), status("hidden"), status(digest)], [200, 200, 401])
                file.seek(0)
                file.truncate()
                file.write("ann another ops status:read\n")
                file.flush()
                deadline = time.monotonic() + PATIENCE
                while status("another") != 200:
                    self.assertLess(time.monotonic(), deadline)
                self.assertEqual(status("t0ken"), 401)


class Crowds(unittest.TestCase):
    def test_sockets_of_one_address_and_of_one_subject(self):
        with Harness("feed.max_sockets_per_address=3") as harness:
            crowd = [WebSocket(harness.port) for _ in range(3)]
            with WebSocket(harness.port) as extra:
                self.assertEqual((extra.status, extra.headers["retry-after"]), (429, "5"))
            crowd.pop().sock.close()
            deadline = time.monotonic() + PATIENCE
            while True:
                with WebSocket(harness.port) as extra:
                    if extra.status == 101:
                        break
                self.assertLess(time.monotonic(), deadline)
            for client in crowd:
                client.sock.close()
        with Harness("jwt.algorithms=HS256", "jwt.secret=" + SECRET, "feed.max_sockets_per_subject=1") as harness:
            text = token({"sub": "ann", "exp": time.time() + 600, "scope": "status:read"})
            with WebSocket(harness.port, headers=bearer(text)) as first, WebSocket(harness.port, headers=bearer(text)) as second:
                self.assertEqual((first.status, second.status), (101, 429))

    def test_trusted_proxy_says_where_clients_are(self):
        with Harness("feed.max_sockets_per_address=1", "feed.trust_proxy=on") as harness:
            at = lambda address: {"X-Forwarded-For": "1.2.3.4, " + address}
            with WebSocket(harness.port, headers=at("10.0.0.1")) as one, WebSocket(harness.port, headers=at("10.0.0.2")) as two, \
                    WebSocket(harness.port, headers=at("10.0.0.1")) as three:
                self.assertEqual((one.status, two.status, three.status), (101, 101, 429))

    def test_origin_may_be_required(self):
        with Harness("feed.require_origin=on") as harness:
            with WebSocket(harness.port) as client:
                self.assertEqual(client.status, 403)
            with WebSocket(harness.port, headers={"Origin": f"http://127.0.0.1:{harness.port}"}) as client:
                self.assertEqual(client.status, 101)

    def test_query_token_may_be_off(self):
        with Harness("http.token=t", "feed.allow_query_token=off", "feed.auth_grace_ms=0") as harness:
            self.assertEqual(request(harness.port, target="/api/status?token=t")[0], 401)
            with WebSocket(harness.port, target="/ws?token=t") as client:
                self.assertEqual(client.status, 401)


class Storms(Fed):
    settings = ("feed.flood_close_ms=500",)

    def test_subscribe_storm_is_refused_then_closed_and_others_go_on(self):
        storm, witness = self.open(), self.open()
        answers = set()
        try:
            for _ in range(200_000):
                storm.send(subscribe("tasks"))
                answer = storm.read()
                answers.add(answer["payload"]["error"]["code"] if not answer["payload"].get("ok", True) else "ok")
                if answer["type"] == "bye":
                    break
        except OSError:
            pass
        self.assertEqual(answer["payload"]["code"], 4429)
        self.assertIn("RATE_LIMITED", answers)
        self.assertEqual(self.harness.counts()["flooding"], 1)
        witness.send({"type": "ping"})
        self.assertEqual(witness.read()["type"], "pong")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
