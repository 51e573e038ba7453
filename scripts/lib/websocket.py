"""A WebSocket client of the standard library alone (RFC 6455), for scripts and tests on a bare machine."""

import base64
import hashlib
import json
import os
import socket
import struct
import time

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class WebSocketError(Exception):
    """The peer refused, closed, sent nonsense, or was silent until the deadline."""


class WebSocket:
    """One open connection. `deadline` is a time.monotonic() value that every receive keeps to."""

    def __init__(self, host, port, path="/ws", headers=None, timeout=10.0):
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._buffer = b""
        self._handshake(f"{host}:{port}", path, headers or {}, time.monotonic() + timeout)

    def send_json(self, message):
        self._send(_TEXT, json.dumps(message).encode())

    def receive_json(self, deadline):
        """The next text message, decoded. Answers pings on the way."""
        message = b""
        while True:
            final, opcode, payload = self._receive_frame(deadline)
            if opcode == _PING:
                self._send(_PONG, payload)
            elif opcode == _CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
                raise WebSocketError(f"closed by the server: {code} {payload[2:].decode(errors='replace')}")
            elif opcode != _PONG:
                message += payload
                if final:
                    return json.loads(message)

    def close(self):
        try:
            self._send(_CLOSE, struct.pack("!H", 1000))
        except OSError:
            pass
        self._socket.close()

    def _handshake(self, host, path, headers, deadline):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
                 f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join(lines + ["", ""]).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._fill(deadline)
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        status, *fields = head.decode("latin-1").split("\r\n")
        if " 101 " not in status + " ":
            raise WebSocketError(f"{path} did not become a WebSocket: {status}")
        accept = next((f.split(":", 1)[1].strip() for f in fields
                       if f.lower().startswith("sec-websocket-accept:")), None)
        if accept != base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode():
            raise WebSocketError("the handshake's Sec-WebSocket-Accept is wrong")

    def _send(self, opcode, payload):
        mask = os.urandom(4)
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        self._socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _receive_frame(self, deadline):
        first, second = self._take(2, deadline)
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self._take(2, deadline))[0]
        elif length == 127:
            length = struct.unpack("!Q", self._take(8, deadline))[0]
        if second & 0x80:
            raise WebSocketError("the server masked a frame")
        return bool(first & 0x80), first & 0x0F, self._take(length, deadline)

    def _take(self, count, deadline):
        while len(self._buffer) < count:
            self._fill(deadline)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise WebSocketError("no message before the deadline")
        self._socket.settimeout(left)
        try:
            chunk = self._socket.recv(65536)
        except TimeoutError:
            raise WebSocketError("no message before the deadline") from None
        if not chunk:
            raise WebSocketError("the server closed the connection")
        self._buffer += chunk
