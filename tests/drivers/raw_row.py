"""raw_row.py SIZE: reads a DataRow of SIZE bytes without keeping it; libpq would need several times its size."""

import os
import socket
import struct
import sys

size = int(sys.argv[1])
server = socket.create_connection((os.environ["PGHOST"], int(os.environ["PGPORT"])))


def exactly(n):
    data = bytearray()
    while len(data) < n:
        part = server.recv(n - len(data))
        assert part, "the connection ended"
        data += part
    return bytes(data)


def skip(n):
    buffer = bytearray(1 << 20)
    while n > 0:
        got = server.recv_into(buffer, min(n, len(buffer)))
        assert got, "the connection ended"
        n -= got


def until_ready():
    """The payload sizes of the messages up to ReadyForQuery."""
    sizes = []
    while True:
        kind, length = struct.unpack("!cI", exactly(5))
        sizes.append((kind, length - 4))
        if kind == b"E":
            sys.exit("the server refused: " + repr(exactly(length - 4)))
        skip(length - 4)
        if kind == b"Z":
            return sizes


body = b"user\0postgres\0database\0postgres\0\0"
server.sendall(struct.pack("!II", len(body) + 8, 196608) + body)
until_ready()
query = b"select repeat('r', %d)\0" % size
server.sendall(b"Q" + struct.pack("!I", len(query) + 4) + query)
rows = [n for kind, n in until_ready() if kind == b"D"]
assert rows == [size + 6], rows
