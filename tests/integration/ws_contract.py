"""The messages of /ws, each checked against the schema, and the HTTP routes."""

import gzip
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ws_wire import SCHEMA, CheckedSocket, Harness, WebSocket, request  # noqa: E402

CONNECTED = ("status connected Connected to PostgreSQL", "health good 1.8")
REFUSED = ("status error Connection refused",
           "error ECONNREFUSED Cannot connect to database. Please check if PostgreSQL is running.")


def setUpModule():
    if reason := CheckedSocket.load_schema():
        if os.environ.get("CI"):
            raise RuntimeError(reason)
        print("SKIPPED: " + reason, flush=True)
        raise unittest.SkipTest(reason)


class Greeting(unittest.TestCase):
    def test_connected(self):
        with Harness() as harness:
            for command in CONNECTED:
                harness.say(command)
            with CheckedSocket(harness.port) as client:
                self.assertEqual(client.status, 101)
                self.assertEqual(client.read_types(2), ["database:status", "database:health"])
                ready = client.read()
                self.assertEqual(ready["type"], "session:ready")
                self.assertEqual(ready["payload"]["head"], 2)
                self.assertEqual(ready["payload"]["server"], "pgsidecar/0.1.0")

    def test_not_connected(self):
        with Harness() as harness:
            for command in REFUSED:
                harness.say(command)
            with CheckedSocket(harness.port) as client:
                status, error, ready = client.read(), client.read(), client.read()
                self.assertEqual([m["type"] for m in (status, error, ready)],
                                 ["database:status", "database:error", "session:ready"])
                self.assertLess(status["seq"], error["seq"])
                self.assertEqual(error["payload"]["error"], "ECONNREFUSED")

    def test_before_any_news(self):
        with Harness() as harness, CheckedSocket(harness.port) as client:
            self.assertEqual(client.read()["payload"]["status"], "connecting")
            self.assertEqual(client.read()["payload"]["error"], "DB_DISCONNECTED")
            self.assertEqual(client.read()["type"], "session:ready")

    def test_first_health_is_awaited_and_early_requests_are_held(self):
        with Harness() as harness:
            harness.say("answer-health never")
            harness.say("status connected")
            with CheckedSocket(harness.port) as client:
                client.send({"type": "ping", "id": "early", "payload": {"t": 1}})
                self.assertEqual(client.read()["type"], "database:status")
                while harness.counts()["healthRequests"] == 0:
                    pass
                harness.say("release-health")
                self.assertEqual(client.read_types(4), ["database:health", "session:ready", "pong", "reply"])

    def test_first_health_that_never_comes_is_unhealthy(self):
        with Harness("health.first_timeout_ms=300") as harness:
            harness.say("answer-health never")
            harness.say("status connected")
            with CheckedSocket(harness.port) as client:
                client.read()
                health = client.read()
                self.assertFalse(health["payload"]["healthy"])
                self.assertEqual(client.read()["type"], "session:ready")


class Feed(unittest.TestCase):
    def setUp(self):
        self.harness = self.enterContext(Harness())
        for command in CONNECTED:
            self.harness.say(command)
        self.client = self.enterContext(CheckedSocket(self.harness.port))
        self.client.read_until("session:ready")

    def test_every_change_once_in_order(self):
        for command in (*REFUSED, REFUSED[0], "status connecting", *CONNECTED):
            self.harness.say(command)
        seen = [self.client.read() for _ in range(5)]
        self.assertEqual([(m["type"], m["payload"].get("status")) for m in seen], [
            ("database:status", "error"), ("database:error", None), ("database:status", "connecting"),
            ("database:status", "connected"), ("database:health", None)])
        seqs = [m["seq"] for m in seen if "seq" in m]
        self.assertEqual(seqs, sorted(set(seqs)))

    def test_two_sockets_hear_the_same(self):
        other = self.enterContext(CheckedSocket(self.harness.port))
        other.read_until("session:ready")
        self.harness.say("health bad")
        self.assertEqual(self.client.read(), other.read())

    def test_ping(self):
        self.client.send({"type": "ping", "payload": {"t": 1763632800000.5}})
        self.assertEqual(self.client.read()["payload"]["t"], 1763632800000.5)

    def test_health_request(self):
        reply = self.client.ask({"type": "database:health:request", "id": "1"})
        self.assertTrue(reply["ok"])
        self.assertEqual(reply["result"]["latency"], 1.25)

    def test_reconnect_is_refused_while_connected_then_joined_then_spaced(self):
        ask = {"type": "database:reconnect", "id": "1"}
        self.assertEqual(self.client.ask(ask)["error"]["code"], "ALREADY_CONNECTED")
        self.harness.say("status error gone")
        reply = self.client.ask(ask)
        self.assertEqual((reply["ok"], reply["result"]["connected"]), (True, False))
        refused = self.client.ask(ask)["error"]
        self.assertEqual(refused["code"], "RATE_LIMITED")
        self.assertGreater(refused["retryAfterMs"], 0)
        self.assertEqual(self.harness.counts()["reconnectRequests"], 1)

    def test_operations(self):
        reply = self.client.ask({"type": "subscribe", "id": "1", "channel": "database:operations"})
        self.assertEqual(reply["result"]["channel"], "database:operations")
        self.harness.say("operations 2")
        self.harness.say("operations 1 failed")
        got = [self.client.read() for _ in range(3)]
        self.assertEqual([m["payload"]["success"] for m in got], [True, True, False])
        self.assertTrue(self.client.ask({"type": "unsubscribe", "id": "2", "channel": "database:operations"})["ok"])
        self.harness.say("operations 1")
        self.client.send({"type": "ping"})
        self.assertEqual(self.client.read()["type"], "pong")

    def test_a_flood_of_operations_is_sampled(self):
        self.client.ask({"type": "subscribe", "id": "1", "channel": "database:operations"})
        self.harness.say("operations 1000")
        self.client.send({"type": "ping", "id": "end"})
        frames, skipped = 0, 0
        while True:
            message = self.client.read()
            if message["type"] == "operation":
                frames += 1
                skipped += message.get("skipped", 0)
                if frames == 5:
                    break
        self.assertEqual(skipped, 995)

    def test_refusals(self):
        cases = [({"type": "subscribe", "channel": "teapots"}, "BAD_CHANNEL"),
                 ({"type": "subscribe", "channel": "two words"}, "BAD_CHANNEL"),
                 ({"type": "subscribe"}, "BAD_REQUEST"),
                 ({"type": "unsubscribe", "channel": "database:operations"}, "NOT_SUBSCRIBED"),
                 ({"type": "publish", "channel": "tasks", "payload": {"event": "e"}}, "BAD_CHANNEL"),
                 ({"type": "presence:track", "channel": "room:a", "payload": {"meta": {}}}, "NOT_SUBSCRIBED"),
                 ({"type": "resume", "payload": {"epoch": "0" * 16}}, "BAD_REQUEST"),
                 ({"type": "auth", "payload": {"token": 7}}, "BAD_REQUEST"),
                 ({"type": "tea:make"}, "UNKNOWN_TYPE")]
        for message, code in cases:
            with self.subTest(code=code, message=message):
                self.assertEqual(self.client.ask_raw({**message, "id": "x"})["error"]["code"], code)

    def test_shutdown_says_bye_1001(self):
        self.harness.say("stop")
        last, code, _ = self.client.read_to_close()
        self.assertEqual((last["type"], last["payload"]["code"], code), ("bye", 1001, 1001))
        self.assertTrue(last["payload"]["reconnect"])


class KeepAlive(unittest.TestCase):
    def test_quiet_client_is_pinged_and_a_silent_one_closed_4408(self):
        with Harness("http.ping_interval_ms=300", "http.silent_timeout_ms=1200") as harness:
            with CheckedSocket(harness.port) as silent:
                silent.read_until("session:ready")
                opcode, _ = silent.read_frame()
                self.assertEqual(opcode, 9)
                pings = 0
                while True:
                    opcode, payload = silent.read_frame()
                    if opcode == 1:
                        self.assertEqual(json.loads(payload)["payload"]["code"], 4408)
                    elif opcode == 8:
                        self.assertEqual(int.from_bytes(payload[:2], "big"), 4408)
                        break
                    pings += opcode == 9
            self.assertGreaterEqual(pings, 1)
            self.assertEqual(harness.counts()["silent"], 1)


class Http(unittest.TestCase):
    def setUp(self):
        self.harness = self.enterContext(Harness("http.probes_address=127.0.0.1"))

    def get(self, target, **more):
        return request(self.harness.port, target=target, **more)

    def test_page_and_its_files_with_headers_and_etag(self):
        status, headers, body = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertNotIn("unsafe", headers["content-security-policy"])
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        self.assertEqual(headers["cross-origin-opener-policy"], "same-origin")
        self.assertNotIn(b"<style", body)
        self.assertNotIn(b"onclick", body)
        again, _, empty = self.get("/", headers={"If-None-Match": headers["etag"]})
        self.assertEqual((again, empty), (304, b""))
        for name in ("app.js", "app.css", "icon.svg"):
            status, plain, content = self.get("/" + name)
            self.assertEqual((status, "content-encoding" in plain), (200, False), name)
            _, small, packed = self.get("/" + name, headers={"Accept-Encoding": "gzip, br"})
            self.assertEqual((small["content-encoding"], small["vary"]), ("gzip", "Accept-Encoding"))
            self.assertEqual(gzip.decompress(packed), content, name)
            self.assertNotEqual(small["etag"], plain["etag"])
            again = self.get("/" + name, headers={"Accept-Encoding": "gzip", "If-None-Match": small["etag"]})
            self.assertEqual((again[0], again[2]), (304, b""))

    def test_schema_is_the_file(self):
        self.assertEqual(self.get("/ws/schema.json")[2], SCHEMA.read_bytes())

    def test_info(self):
        info = json.loads(self.get("/ws/info")[2])
        self.assertEqual((info["version"], info["schema"]), (1, "/ws/schema.json"))
        self.assertRegex(info["epoch"], "^[0-9a-f]{16}$")

    def test_status_and_operations(self):
        for command in (*CONNECTED, "operations 3", "operations 2 failed"):
            self.harness.say(command)
        status = json.loads(self.get("/api/status")[2])
        self.assertEqual(status["connection"]["status"], "connected")
        self.assertEqual(status["health"]["latency"], 1.8)
        self.assertEqual(status["activity"]["statementsTotal"], 5)
        for query, expected in (("", 5), ("?limit=2", 2), ("?success=false", 2), ("?type=query&success=true", 1),
                                ("?table=public.audit_logs", 1), ("?table=public%2Eaudit_logs", 1)):
            self.assertEqual(len(json.loads(self.get("/api/operations" + query)[2])["operations"]), expected, query)

    def test_operations_refuses_what_it_does_not_understand(self):
        for query in ("?limit=0", "?limit=-1", "?limit=1001", "?limit=x", "?limit=99999999999999999999", "?limit=",
                      "?success=yes", "?type=drop", "?limit=%zz"):
            status, _, body = self.get("/api/operations" + query)
            self.assertEqual(status, 400, query)
            self.assertIn("message", json.loads(body)["error"])

    def test_commands_need_post(self):
        for path in ("/api/health", "/api/reconnect"):
            status, headers, _ = self.get(path)
            self.assertEqual((status, headers["allow"]), (405, "POST"))
        self.assertEqual(request(self.harness.port, "POST", "/api/status")[0], 405)
        self.assertEqual(request(self.harness.port, "DELETE", "/")[0], 405)
        self.assertEqual(json.loads(request(self.harness.port, "POST", "/api/health")[2])["healthy"], True)
        self.assertEqual(json.loads(request(self.harness.port, "POST", "/api/reconnect")[2])["connected"], False)
        status, headers, _ = request(self.harness.port, "POST", "/api/reconnect")
        self.assertEqual(status, 429)
        self.assertIn("retry-after", headers)

    def test_probes(self):
        for port in (self.harness.port, self.harness.probes_port):
            for path in ("/livez", "/readyz", "/startupz"):
                self.assertEqual(request(port, target=path)[::2], (200, b"ok\n"))
        self.harness.say("ready off draining")
        self.assertEqual(self.get("/readyz")[::2], (503, b"not ok\n- draining\n"))
        status, _, body = self.get("/readyz", headers={"Accept": "application/json"})
        self.assertEqual((status, json.loads(body)), (503, {"ok": False, "reasons": ["draining"]}))
        self.assertEqual(self.get("/livez")[0], 200)

    def test_metrics_on_both_listeners_and_nothing_else_on_probes(self):
        for port in (self.harness.port, self.harness.probes_port):
            status, headers, body = request(port, target="/metrics")
            self.assertEqual((status, headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
            self.assertIn(b"pgsidecar_up 1", body)
        for path in ("/", "/api/status", "/ws/info", "/app.js"):
            self.assertEqual(request(self.harness.probes_port, target=path)[0], 404, path)
        with WebSocket(self.harness.probes_port) as client:
            self.assertEqual(client.status, 404)

    def test_head_and_unknown(self):
        head = request(self.harness.port, "HEAD", "/")
        self.assertIn(b"200 OK", head)
        self.assertTrue(head.endswith(b"\r\n\r\n"))
        self.assertEqual(self.get("/etc/passwd")[0], 404)
        self.assertEqual(self.get("/../ws/README.md")[0], 404)
        self.assertEqual(self.get("/ws")[0], 426)


class Start(unittest.TestCase):
    def fail_to_start(self, *settings):
        done = subprocess.run([sys.argv[1] if len(sys.argv) > 1 else os.environ["WS_HARNESS"], *settings],
                              input="", capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_address_in_use_names_it_and_the_cure(self):
        with Harness() as harness:
            message = self.fail_to_start(f"http.port={harness.port}")
        self.assertIn(f"127.0.0.1:{harness.port}", message)
        self.assertIn("choose another http.port", message)

    def test_other_addresses_need_a_token(self):
        self.assertIn("http.token", self.fail_to_start("http.address=0.0.0.0"))

    def test_nonsense_address(self):
        self.assertIn("not an IP address", self.fail_to_start("http.address=here", "http.token=t"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
