"""How soon every socket hears that the database is gone."""

import os
import pathlib
import select
import signal
import time

from ws_wire import request

from .sockets import cpu_seconds, read_all, watched


def cut(postgres):
    """What a crash does to clients: every server process ends at once. Returns when the signal went out."""
    number = int(pathlib.Path(postgres.data, "postmaster.pid").read_text().split()[0])
    begin = time.monotonic()
    os.kill(number, signal.SIGQUIT)
    return begin


def rounds(sidecar, postgres, clients, count):
    """For each round milliseconds from the cut until the database was gone, and until the first and the last socket had the news."""
    poller, sockets = watched(clients)
    out = []
    for _ in range(count):
        sidecar.wait(lambda: b'"status":"connected"' in request(sidecar.port, target="/api/status")[2], "the database is not back")
        read_all(poller, sockets, 1.5)
        out.append(one_round(sidecar, postgres, sockets))
        postgres.start()
    return out


def one_round(sidecar, postgres, sockets):
    # A socket has heard it when bytes are there. One process looks after all of them here, on the sidecar's machine, so it takes as little of
    # it as it can: it looks every other millisecond, and reads afterwards.
    poller = select.epoll()
    for number in sockets:
        poller.register(number, select.EPOLLIN | select.EPOLLET)
    cpu = cpu_seconds(sidecar.process.pid)
    heard, first = set(), None
    begin = cut(postgres)
    while len(heard) < len(sockets) and time.monotonic() < begin + 60:
        time.sleep(0.002)
        heard.update(number for number, _ in poller.poll(0, len(sockets)))
        first = first or (time.monotonic() if heard else None)
    end = time.monotonic()
    poller.close()
    for number, sock in sockets.items():
        # It came first of all that came.
        assert number in heard and b'"database:status"' in sock.recv(4096)[:100], "a socket heard nothing\n" + sidecar.words()
    return {"first_ms": (first - begin) * 1000, "last_ms": (end - begin) * 1000,
            "sidecar_cpu_ms": (cpu_seconds(sidecar.process.pid) - cpu) * 1000}
