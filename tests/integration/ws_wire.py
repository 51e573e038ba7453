"""A WebSocket client of raw bytes, and the harness, for the tests of the edges. Standard library only."""

import base64
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
PATIENCE = 15
SCHEMA = pathlib.Path(__file__).parents[2] / "ws" / "schema" / "websocket.schema.json"


class Harness:
    """ws_harness with the given settings; see the comment at the top of ws_harness.cpp for its commands."""

    def __init__(self, *settings):
        # Tests bring crowds from one address; the limit has a test of its own.
        settings = ("feed.max_sockets_per_address=0", *settings)
        program = sys.argv[1] if len(sys.argv) > 1 else os.environ["WS_HARNESS"]
        self.process = subprocess.Popen([program, *settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.port, self.probes_port = ports["port"], ports["probesPort"]

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer and answer != "unknown command", f"{command!r} -> {answer!r}"
        return answer

    def counts(self):
        return json.loads(self.say("counts"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        assert code == 0, f"ws_harness ended with {code}"


def connect(port, receive_buffer=None):
    """receive_buffer: bytes the system may keep for us; only before connecting does it bound the window."""
    sock = socket.socket()
    if receive_buffer is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE)
    try:
        sock.connect(("127.0.0.1", port))
    except OSError:
        sock.close()
        raise
    return sock


def read_response(sock):
    """One HTTP response: status, headers (lower-cased names), body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = sock.recv(65536)
        if not chunk:
            raise EOFError("closed before a whole header: %r" % data)
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = sock.recv(65536)
        if not chunk:
            break
        body += chunk
    return int(lines[0].split()[1]), headers, body


def request(port, method="GET", target="/", headers=None, body=b"", host=None):
    """One HTTP request on a connection of its own."""
    with connect(port) as sock:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        if method == "HEAD":
            data = b""
            while chunk := sock.recv(65536):
                data += chunk
            return data
        return read_response(sock)


class WebSocket:
    def __init__(self, port, headers=None, target="/ws", host=None, receive_buffer=None):
        self.sock = connect(port, receive_buffer)
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = self.sock.recv(1)
            if not chunk:
                raise EOFError("closed during the handshake: %r" % data)
            data += chunk
        head = data.decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:])}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send_frame(self, opcode, payload=b"", fin=True, length=None):
        """length: what the header says, when it shall not be the truth."""
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | opcode])
        if size < 126:
            head += bytes([0x80 | size])
        elif size < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", size)
        mask = os.urandom(4)
        pattern = mask * (len(payload) // 4 + 1)
        masked = bytes(a ^ b for a, b in zip(payload, pattern))
        self.sock.sendall(head + mask + masked)

    def send(self, message):
        text = message if isinstance(message, str) else json.dumps(message)
        self.send_frame(TEXT, text.encode())

    def _take(self, size):
        while len(self.buffer) < size:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError("the socket closed")
            self.buffer += chunk
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def read_frame(self):
        """(opcode, payload); the server's frames are whole and unmasked."""
        first, second = self._take(2)
        assert first & 0x80 and not second & 0x80, "a server frame must be whole and unmasked here"
        size = second & 0x7F
        if size == 126:
            size = struct.unpack(">H", self._take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self._take(8))[0]
        return first & 0x0F, self._take(size)

    def read(self):
        """The next message; PINGs are answered on the way. A close frame raises Closed."""
        while True:
            opcode, payload = self.read_frame()
            if opcode == PING:
                self.send_frame(PONG, payload)
            elif opcode == CLOSE:
                raise Closed(struct.unpack(">H", payload[:2])[0] if payload else None, payload[2:].decode())
            elif opcode == TEXT:
                return json.loads(payload)

    def read_types(self, count):
        return [self.read()["type"] for _ in range(count)]

    def read_until(self, kind):
        while True:
            message = self.read()
            if message["type"] == kind:
                return message

    def ask(self, message):
        self.send(message)
        return self.read_reply(message["id"])

    def read_reply(self, number):
        while True:
            answer = self.read()
            if answer["type"] == "reply" and answer["id"] == number:
                return answer["payload"]

    def read_to_close(self):
        """(the last message, close code, reason)"""
        last = None
        try:
            while True:
                last = self.read()
        except Closed as closed:
            return last, closed.code, closed.reason


class CheckedSocket(WebSocket):
    """Holds every message in both directions against the schema, once load_schema() found a checker.

    send_raw() sends what shall not fit."""

    from_server = from_client = None

    @classmethod
    def load_schema(cls):
        """A sentence of what is missing, or None."""
        try:
            import jsonschema
        except ImportError:
            return "python3-jsonschema is missing: messages cannot be checked against the schema; install it"
        schema = json.loads(SCHEMA.read_text())
        def part(name):
            return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})
        cls.from_server, cls.from_client = part("serverMessage"), part("clientMessage")
        return None

    def read(self):
        message = super().read()
        if self.from_server is not None:
            self.from_server.validate(message)
        return message

    def send(self, message):
        if self.from_client is not None and not isinstance(message, str):
            self.from_client.validate(message)
        super().send(message)

    def send_raw(self, message):
        super().send(message)

    def ask_raw(self, message):
        self.send_raw(message)
        return self.read_reply(message["id"])


class Closed(Exception):
    def __init__(self, code, reason):
        super().__init__(f"closed {code} {reason}")
        self.code, self.reason = code, reason
