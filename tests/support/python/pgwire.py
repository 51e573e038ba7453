"""PostgreSQL's protocol 3 from the client's side, by bytes: nothing is interpreted, retried or hidden.

A Session sends what it is told to and hands out every message as it comes. Standard library only; it shares nothing
with the code under test. Reading waits for the event itself, at most PATIENCE seconds.
"""

import select
import socket
import struct
import time

PATIENCE = 20.0


class Lost(Exception):
    """The other side closed the connection, or broke the protocol's framing."""


class TimedOut(Exception):
    """What was waited for did not come."""


def cstring(text):
    return (text if isinstance(text, bytes) else text.encode()) + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def query(sql):
    return message(b"Q", cstring(sql))


def parse(name, sql, types=()):
    return message(b"P", cstring(name) + cstring(sql) + struct.pack(f"!h{len(types)}I", len(types), *types))


def bind(portal, statement, values=(), formats=(), results=()):
    """values: None, bytes or str each. formats and results: 0 for text, 1 for binary; none, one for all, or each."""
    body = cstring(portal) + cstring(statement) + struct.pack(f"!h{len(formats)}h", len(formats), *formats)
    body += struct.pack("!h", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            value = value if isinstance(value, bytes) else value.encode()
            body += struct.pack("!i", len(value)) + value
    return message(b"B", body + struct.pack(f"!h{len(results)}h", len(results), *results))


def describe(kind, name):
    """kind: b'S' for a statement, b'P' for a portal."""
    return message(b"D", kind + cstring(name))


def execute(portal="", rows=0):
    return message(b"E", cstring(portal) + struct.pack("!i", rows))


def close(kind, name):
    return message(b"C", kind + cstring(name))


def sync():
    return message(b"S")


def flush():
    return message(b"H")


def function_call(oid, arguments):
    body = struct.pack("!IhhH", oid, 1, 0, len(arguments))
    for argument in arguments:
        body += struct.pack("!i", len(argument)) + argument
    return message(b"F", body + struct.pack("!h", 0))


def error_fields(body):
    """The fields of an ErrorResponse or NoticeResponse by their letter."""
    fields = {}
    for field in body.split(b"\0"):
        if field:
            fields[chr(field[0])] = field[1:].decode("utf-8", "backslashreplace")
    return fields


def rows_of(messages):
    """The DataRows among messages as lists of text or None."""
    return [data_row(body) for kind, body in messages if kind == b"D"]


def data_row(body):
    (count,) = struct.unpack_from("!h", body)
    at, row = 2, []
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        if size < 0:
            row.append(None)
        else:
            row.append(body[at:at + size].decode("utf-8", "backslashreplace"))
            at += size
    return row


def sqlstate_of(messages):
    """The SQLSTATE of the first ErrorResponse, or None."""
    for kind, body in messages:
        if kind == b"E":
            return error_fields(body).get("C")
    return None


class Session:
    """One connection. `status` is what the last ReadyForQuery said (I, T or E); `notifications` collects what
    NotificationResponse brought: (pid, channel, payload)."""

    def __init__(self, port, user="postgres", database="postgres", parameters=(), greet=True, host="127.0.0.1"):
        self.address = (host, port)
        self.socket = socket.create_connection(self.address, PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.buffer, self.start = bytearray(), 0
        self.unsent = bytearray()
        self.status, self.key, self.closed = "I", None, False
        self.notifications = []
        self.greeting = []
        body = struct.pack("!i", 196608)
        for name, value in (("user", user), ("database", database), *parameters):
            body += cstring(name) + cstring(value)
        self.send(struct.pack("!i", len(body) + 5) + body + b"\0")
        if greet:
            self.greeting = self.until_ready()

    def fileno(self):
        return self.socket.fileno()

    def send(self, data):
        """Puts data on its way; what the socket does not take now goes out while something is read."""
        self.unsent += data
        self._push()

    def _push(self):
        while self.unsent:
            try:
                sent = self.socket.send(self.unsent[:1 << 18])
            except (BlockingIOError, InterruptedError):
                return
            except OSError:  # what the server said before it left is still worth reading
                self.unsent.clear()
                return
            del self.unsent[:sent]

    def _fill(self, deadline):
        wait = deadline - time.monotonic()
        if wait <= 0:
            raise TimedOut("no answer within the deadline")
        readable, _, _ = select.select([self.socket], [self.socket] if self.unsent else [], [], wait)
        self._push()
        if readable:
            self._receive()

    def _receive(self):
        try:
            chunk = self.socket.recv(1 << 18)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            raise Lost(str(error)) from error
        if not chunk:
            raise Lost("closed by the other side")
        if self.start:
            del self.buffer[:self.start]
            self.start = 0
        self.buffer += chunk

    def _cut(self):
        """The next whole message in the buffer, or None."""
        have = len(self.buffer) - self.start
        if have < 5:
            return None
        (length,) = struct.unpack_from("!i", self.buffer, self.start + 1)
        if length < 4:
            raise Lost(f"a message of {length} bytes")
        if have < length + 1:
            return None
        kind = bytes(self.buffer[self.start:self.start + 1])
        body = bytes(self.buffer[self.start + 5:self.start + 1 + length])
        self.start += length + 1
        self._note(kind, body)
        return kind, body

    def _note(self, kind, body):
        if kind == b"Z":
            self.status = body.decode()
        elif kind == b"K":
            self.key = struct.unpack("!iI", body[:8])
        elif kind == b"A":
            channel, payload = body[4:].split(b"\0")[:2]
            self.notifications.append((struct.unpack_from("!i", body)[0], channel.decode(), payload.decode()))

    def read(self, deadline=None):
        """The next message as (kind, body)."""
        deadline = time.monotonic() + PATIENCE if deadline is None else deadline
        while True:
            got = self._cut()
            if got is not None:
                return got
            self._fill(deadline)

    def read_now(self):
        """A message that is already here, or None; Lost when the connection is."""
        got = self._cut()
        while got is None:
            readable, _, _ = select.select([self.socket], [], [], 0)
            self._push()
            if not readable:
                return None
            self._receive()
            got = self._cut()
        return got

    def until(self, kinds, deadline=None):
        """Messages up to and with the first of one of the kinds (bytes, like b'ZG')."""
        deadline = time.monotonic() + PATIENCE if deadline is None else deadline
        messages = []
        while not messages or messages[-1][0] not in kinds:
            messages.append(self.read(deadline))
        return messages

    def until_ready(self, deadline=None):
        messages = []
        deadline = time.monotonic() + PATIENCE if deadline is None else deadline
        while not messages or messages[-1][0] != b"Z":
            try:
                messages.append(self.read(deadline))
            except Lost as lost:
                raise Lost(f"{lost}; before that: {describe_messages(messages)}") from lost
        return messages

    def ask(self, sql):
        """A simple Query and all of its answer."""
        self.send(query(sql))
        return self.until_ready()

    def rows(self, sql):
        """The rows of a query that is expected to work."""
        messages = self.ask(sql)
        if sqlstate_of(messages):
            raise AssertionError(f"{sql}: {describe_messages(messages)}")
        return rows_of(messages)

    def cancel(self):
        """A CancelRequest for what this session runs; returns when the server has taken it."""
        with socket.create_connection(self.address, PATIENCE) as other:
            other.sendall(struct.pack("!iiiI", 16, 80877102, *self.key))
            other.recv(1)

    def terminate(self):
        """Says goodbye and waits until the other side has closed."""
        if self.closed:
            return
        self.send(message(b"X"))
        try:
            while True:
                self.read()
        except Lost:
            pass
        self.close()

    def close(self):
        """Gone without a word."""
        self.closed = True
        self.socket.close()


def describe_messages(messages):
    """For people: short words for a list of messages."""
    words = []
    for kind, body in messages:
        if kind in (b"E", b"N"):
            fields = error_fields(body)
            words.append(f"{fields.get('S')} {fields.get('C')} {fields.get('M')}")
        elif kind == b"D":
            words.append(f"row {data_row(body)}")
        elif kind == b"C":
            words.append(body[:-1].decode())
        elif kind == b"Z":
            words.append(f"ready {body.decode()}")
        else:
            words.append(kind.decode("latin-1"))
    return "; ".join(words)
