"""What strangers, broken programs and attackers send to the edges: refused with a reason, and the others go on."""

import base64
import http.client
import json
import pathlib
import resource
import socket
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ws_wire import BINARY, PATIENCE, TEXT, Harness, WebSocket, connect, read_response, request  # noqa: E402


def ready(port, **more):
    client = WebSocket(port, **more)
    client.read_until("session:ready")
    return client


def resident_bytes(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class OneHarness(unittest.TestCase):
    settings = ()

    def setUp(self):
        self.harness = self.enterContext(Harness(*self.settings))
        self.port = self.harness.port
        self.witness = self.enterContext(ready(self.port))

    def tearDown(self):
        """Whatever the test did, the client that was there before is still served."""
        self.witness.send({"type": "ping", "id": "alive"})
        self.witness.read_until("pong")

    def closed_with(self, client, code):
        last, closed, _ = client.read_to_close()
        self.assertEqual(closed, code)
        self.assertEqual((last["type"], last["payload"]["code"]), ("bye", code))
        return last["payload"]


class BadMessages(OneHarness):
    def test_three_binary_frames(self):
        with ready(self.port) as client:
            for _ in range(3):
                client.send_frame(BINARY, b"\x00\x01\x02")
            self.assertFalse(self.closed_with(client, 4400)["reconnect"])

    def test_invalid_utf8(self):
        with ready(self.port) as client:
            client.send_frame(TEXT, b'{"type":"\xff\xfe"}')
            self.assertEqual(client.read_to_close()[1], 1007)

    def test_nesting_of_10000(self):
        for text in ('{"type":"x","payload":' + "[" * 10_000 + "]" * 10_000 + "}", "[" * 60_000, '{"a":' * 10_000):
            with ready(self.port) as client:
                client.send(text)
                self.closed_with(client, 4400)
        self.assertEqual(self.harness.counts()["malformed"], 3)

    def test_duplicate_keys(self):
        with ready(self.port) as client:
            client.send('{"type":"ping","type":"database:reconnect"}')
            warning = client.read()
            self.assertEqual((warning["type"], warning["payload"]["code"]), ("system:warning", "BAD_REQUEST"))
            self.assertEqual(self.harness.counts()["reconnectRequests"], 0)

    def test_three_malformed_in_a_row(self):
        with ready(self.port) as client:
            for text in ("", "nonsense", '{"type":7}'):
                client.send(text)
            self.closed_with(client, 4400)

    def test_unknown_types_do_not_close(self):
        with ready(self.port) as client:
            for number in range(50):
                client.send({"type": f"made:up:{number}", "payload": {"x": None}})
            reply = client.ask({"type": "made:up", "id": "1"})
            self.assertEqual(reply["error"]["code"], "UNKNOWN_TYPE")

    def test_message_just_under_and_over_the_limit(self):
        def message(size):
            text = '{"type":"ping","id":"big","pad":"%s"}'
            return text % ("x" * (size - len(text) + 2))
        with ready(self.port) as client:
            client.send(message(65_536))
            client.read_until("pong")
            client.send(message(65_537))
            self.assertFalse(self.closed_with(client, 1009)["reconnect"])

    def test_100_mb_message_costs_no_memory(self):
        before = resident_bytes(self.harness.process)
        with ready(self.port) as client:
            client.sock.sendall(b"\x81\xff" + struct.pack(">Q", 100_000_000) + bytes(4))
            chunk = b"x" * 65_536
            sent = 0
            try:
                while sent < 100_000_000:
                    sent += client.sock.send(chunk)
            except OSError:
                pass
            try:
                self.closed_with(client, 1009)
            except OSError:
                self.assertLess(sent, 100_000_000, "closed without reading what was sent")
        self.assertLess(resident_bytes(self.harness.process) - before, 8_000_000)
        self.assertEqual(self.harness.counts()["tooBig"], 1)

    def test_endless_fragments(self):
        with ready(self.port) as client:
            try:
                client.send_frame(TEXT, b"x" * 1000, fin=False)
                for _ in range(200):
                    client.send_frame(0, b"x" * 1000, fin=False)
            except OSError:
                pass
            self.closed_with(client, 1009)

    def test_broken_frames(self):
        for raw in (b"\xff" * 14, b"\x81\x05hello", b"\x83\x80\x00\x00\x00\x00", b"\x89\xfe\xff\xff\x00\x00\x00\x00"):
            with self.subTest(raw=raw), ready(self.port) as client:
                client.sock.sendall(raw)
                self.assertEqual(client.read_to_close()[1], 1002)

    def test_vanishing_clients(self):
        for _ in range(50):
            client = WebSocket(self.port)
            reset_on_close(client.sock)
            client.send({"type": "database:health:request", "id": "1"})
            client.sock.close()
        deadline = time.monotonic() + PATIENCE
        while self.harness.counts()["sockets"] > 1:
            self.assertLess(time.monotonic(), deadline, "sockets of vanished clients stay")


class SlowPeers(OneHarness):
    settings = ("http.handshake_timeout_ms=600", "http.queue_soft_bytes=20000", "http.queue_slow_timeout_ms=800",
                "http.idle_timeout_ms=700")

    def closes_within(self, sock, seconds):
        sock.settimeout(seconds)
        data = b""
        while chunk := sock.recv(65536):
            data += chunk
        return data

    def test_header_that_trickles_in(self):
        with connect(self.port) as sock:
            begin = time.monotonic()
            with self.assertRaises(OSError):
                for byte in b"GET / HTTP/1.1\r\nHost: " + b"x" * 2000:
                    sock.sendall(bytes([byte]))
                    sock.settimeout(0.02)
                    try:
                        if not sock.recv(1):
                            raise ConnectionResetError
                    except TimeoutError:
                        continue
            self.assertLess(time.monotonic() - begin, 5)

    def test_silent_connection_and_idle_keep_alive(self):
        with connect(self.port) as sock:
            self.assertEqual(self.closes_within(sock, 5), b"")
        with connect(self.port) as sock:
            sock.sendall(f"GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
            self.assertEqual(read_response(sock)[0], 200)
            self.assertEqual(self.closes_within(sock, 5), b"")

    def test_body_that_never_comes(self):
        with connect(self.port) as sock:
            sock.sendall(f"POST /api/health HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: 100\r\n\r\n".encode())
            self.closes_within(sock, 5)

    def test_client_that_asks_and_never_reads(self):
        with ready(self.port, receive_buffer=16_384) as client:
            client.sock.settimeout(0.5)
            ask = json.dumps({"type": "database:health:request", "id": "i" * 64})
            sent = 0
            try:
                while sent < 100_000:
                    client.send(ask)
                    sent += 1
            except OSError:
                pass
            self.assertLess(sent, 100_000, "reading must stop, so that TCP pushes back")
            deadline = time.monotonic() + PATIENCE
            while self.harness.counts()["sockets"] > 1:
                self.assertLess(time.monotonic(), deadline, "a client that reads nothing stays for ever")
            self.assertEqual(self.harness.counts()["slow"], 1)


class BadHttp(OneHarness):
    def raw(self, data):
        with connect(self.port) as sock:
            sock.sendall(data)
            return read_response(sock)[0]

    def test_header_over_16_kib(self):
        self.assertEqual(self.raw(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"), 431)
        self.assertEqual(self.raw(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"), 431)

    def test_body_over_64_kib(self):
        status, _, _ = request(self.port, "POST", "/api/health", body=b"x" * 65_537)
        self.assertEqual(status, 413)
        self.assertEqual(self.raw(f"POST /api/health HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                                  "Content-Length: 99999999999999\r\n\r\n".encode()), 413)

    def test_no_http_at_all(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not http\r\n\r\n", b"HELLO\r\n\r\n",
                     b"\x00\x00\x00\x08\x04\xd2\x16\x2f\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
            self.assertEqual(self.raw(data), 400, data)

    def test_no_host(self):
        self.assertEqual(self.raw(b"GET / HTTP/1.1\r\n\r\n"), 403)
        self.assertEqual(self.raw(b"GET / HTTP/1.0\r\n\r\n"), 403)

    def test_targets(self):
        for target, status in (("/%zz?a=%zz", 400), ("*", 400), ("http://evil.example/", 400), ("//", 404), ("/?" + "a&" * 3000, 200)):
            self.assertEqual(request(self.port, target=target)[0], status, target)

    def test_upgrade_with_a_wrong_version(self):
        with connect(self.port) as sock:
            sock.sendall(f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n".encode())
            self.assertIn(read_response(sock)[0], (400, 426))


class Strangers(OneHarness):
    settings = ("http.allowed_origins=https://ops.example.com, https://*.apps.example.com",)

    def test_foreign_hosts(self):
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1", "*.apps.example.com",
                     "apps.example.com", "2130706433", "0.0.0.0"):
            self.assertEqual(request(self.port, host=host or " ")[0], 403, host)
            with WebSocket(self.port, host=host or " ") as client:
                self.assertEqual(client.status, 403, host)

    def test_own_hosts(self):
        for host in (f"localhost:{self.port}", "localhost", f"LOCALHOST:{self.port}", "127.0.0.1", "127.1.2.3", "[::1]:80",
                     "ops.example.com", "a.apps.example.com:8443"):
            self.assertEqual(request(self.port, host=host)[0], 200, host)

    def test_foreign_origins(self):
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", f"http://127.0.0.1.evil.example:{self.port}",
                       "http://ops.example.com", "https://ops.example.com:444", "https://apps.example.com",
                       "https://evilapps.example.com", "file://", "https://ops.example.com.evil.example"):
            with WebSocket(self.port, headers={"Origin": origin}) as client:
                self.assertEqual(client.status, 403, origin)
            self.assertEqual(request(self.port, "POST", "/api/reconnect", headers={"Origin": origin})[0], 403, origin)
        self.assertEqual(self.harness.counts()["reconnectRequests"], 0)

    def test_own_origins(self):
        for origin in (f"http://127.0.0.1:{self.port}", "https://ops.example.com", "https://a.b.apps.example.com"):
            with WebSocket(self.port, headers={"Origin": origin}) as client:
                self.assertEqual(client.status, 101, origin)

    def test_unknown_subprotocols(self):
        for offer, status, echo in (("graphql-ws", 400, None), ("pgsidecar.v9, mqtt", 400, None),
                                    ("mqtt, pgsidecar.v1", 101, "pgsidecar.v1"), (None, 101, None)):
            with WebSocket(self.port, headers={"Sec-WebSocket-Protocol": offer} if offer else {}) as client:
                self.assertEqual((client.status, client.headers.get("sec-websocket-protocol")), (status, echo), offer)


class Token(unittest.TestCase):
    TOKEN = "s3same-öffne dich"

    @classmethod
    def setUpClass(cls):
        cls.harness = cls.enterClassContext(Harness("http.token=" + cls.TOKEN))
        cls.port = cls.harness.port

    def bearer(self, token):
        return "bearer." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")

    def socket_status(self, **more):
        with WebSocket(self.port, **more) as client:
            return client.status, client.headers.get("sec-websocket-protocol")

    def test_without_or_with_a_wrong_one(self):
        wrong = ({"Authorization": "Bearer wrong"},
                 {"Sec-WebSocket-Protocol": f"pgsidecar.v1, {self.bearer('wrong')}"},
                 {"Sec-WebSocket-Protocol": "pgsidecar.v1, bearer.!!!"}, {"Sec-WebSocket-Protocol": "pgsidecar.v1, bearer."})
        for headers in wrong:
            self.assertEqual(self.socket_status(headers=headers), (401, None), headers)
        for path in ("/api/status", "/api/operations", "/ws/info", "/metrics"):
            status, headers, _ = request(self.port, target=path)
            self.assertEqual((status, headers["www-authenticate"].split()[0]), (401, "Bearer"), path)
        self.assertEqual(request(self.port, "POST", "/api/reconnect", headers={"Authorization": "Bearer wrong"})[0], 401)
        for token in (self.TOKEN[:-1], self.TOKEN + "x", ""):
            self.assertEqual(self.socket_status(headers={"Sec-WebSocket-Protocol": self.bearer(token)})[0], 401, token)

    def test_right_one_in_each_place(self):
        self.assertEqual(self.socket_status(headers={"Sec-WebSocket-Protocol": f"pgsidecar.v1, {self.bearer(self.TOKEN)}"}),
                         (101, "pgsidecar.v1"))
        self.assertEqual(self.socket_status(target="/ws?token=s3same-%C3%B6ffne+dich"), (101, None))
        self.assertEqual(request(self.port, target="/api/status?token=s3same-%C3%B6ffne%20dich")[0], 200)

    def test_first_place_that_has_one_decides(self):
        self.assertEqual(self.socket_status(target="/ws?token=s3same-%C3%B6ffne+dich",
                                            headers={"Authorization": "Bearer wrong"})[0], 401)

    def test_page_and_probes_need_none(self):
        for path in ("/", "/app.js", "/livez", "/readyz", "/startupz", "/ws/schema.json"):
            self.assertEqual(request(self.port, target=path)[0], 200, path)


class Crowd(unittest.TestCase):
    def test_over_max_connections_is_503_and_room_comes_back(self):
        with Harness("http.max_connections=5") as harness:
            crowd = [ready(harness.port) for _ in range(5)]
            for _ in range(20):
                status, headers, _ = request(harness.port, target="/livez")
                self.assertEqual((status, headers["retry-after"]), (503, "5"))
            self.assertEqual(harness.counts()["refused"], 20)
            for client in crowd:
                client.sock.close()
            deadline = time.monotonic() + PATIENCE
            while request(harness.port, target="/livez")[0] != 200:
                self.assertLess(time.monotonic(), deadline)

    def test_who_rests_makes_room_for_who_asks(self):
        with Harness("http.max_connections=5") as harness:
            resting = [http.client.HTTPConnection("127.0.0.1", harness.port) for _ in range(5)]
            for connection in resting:
                connection.request("GET", "/livez")
                self.assertEqual(connection.getresponse().read(), b"ok\n")
            for _ in range(20):
                self.assertEqual(request(harness.port, target="/livez")[0], 200)
            sockets = [ready(harness.port) for _ in range(5)]
            self.assertEqual(request(harness.port, target="/livez")[0], 503)
            for client in sockets:
                client.sock.close()

    def test_a_thousand_at_once(self):
        with Harness("http.max_connections=200") as harness:
            sockets = []
            for _ in range(1000):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", harness.port))
                sockets.append(sock)
            for sock in sockets:
                sock.close()
            deadline = time.monotonic() + PATIENCE
            while harness.counts()["connections"] > 0:
                self.assertLess(time.monotonic(), deadline)
            with ready(harness.port) as client:
                client.send({"type": "ping"})
                client.read_until("pong")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
