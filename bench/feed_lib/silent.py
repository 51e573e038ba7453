"""What sockets cost that subscribe and never read: memory, and the latency of statements."""

import contextlib
import json
import tempfile
import threading
import time
import types

from compare_lib.measure import timed_run
from ws_wire import request

from .sockets import close, kernel_kib, resident_kib, subscribed

_BODY = json.dumps({"channel": "tasks", "action": "created", "element": {"type": "task", "id": "1", "text": "x" * 60_000}}).encode()


def silent_sockets(sidecar, count):
    return [subscribed(sidecar.port, "tasks", receive_buffer=4096) for _ in range(count)]


def memory(sidecar, count):
    """The most KiB that so many sockets added to the process and to the kernel's buffers while events of 60 kB came."""
    pid = sidecar.process.pid
    publish_some(sidecar, 700)  # the replay ring is full before and after
    process, kernel = resident_kib(pid), kernel_kib()
    most = [0, 0]
    clients = silent_sockets(sidecar, count)
    for _ in range(400):
        request(sidecar.port, "POST", "/api/broadcast", body=_BODY)
        most = [max(most[0], resident_kib(pid) - process), max(most[1], kernel_kib() - kernel)]
    close(clients)
    return most


def publish_some(sidecar, count):
    for _ in range(count):
        request(sidecar.port, "POST", "/api/broadcast", body=_BODY)


@contextlib.contextmanager
def publishing(sidecar, per_second):
    ended = threading.Event()

    def publish():
        due = time.monotonic()
        while not ended.wait(max(0, due - time.monotonic())):
            request(sidecar.port, "POST", "/api/broadcast", body=_BODY)
            due += 1 / per_second

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def statements(sidecar, count, rounds, seconds):
    """pgbench -S through the sidecar without and with the silent sockets, in turns; the same events are published in both cases."""
    target = types.SimpleNamespace(name="pgsidecar", port=sidecar.proxy_port, pid=sidecar.process.pid)
    out = {"without": [], "with": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(2 * rounds):
            # A B B A: a drift of the machine hits both.
            case = ("without", "with", "with", "without")[turn % 4]
            clients = silent_sockets(sidecar, count if case == "with" else 0)
            with publishing(sidecar, 20):
                out[case].append(timed_run(target, "simple", 8, seconds, folder))
            close(clients)
    return out
