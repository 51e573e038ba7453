"""WebSockets in bulk, and what the process behind them uses."""

import pathlib
import resource
import select
import time

from ws_wire import WebSocket


def greeted(port, **more):
    client = WebSocket(port, **more)
    client.read_until("session:ready")
    return client


def subscribed(port, channel, **more):
    client = greeted(port, **more)
    client.ask({"type": "subscribe", "id": "s", "channel": channel, "payload": {"presence": {"enabled": False}}})
    return client


def watched(clients):
    """An epoll of them and the sockets by number; from now on they do not block."""
    poller, sockets = select.epoll(), {}
    for client in clients:
        client.sock.setblocking(False)
        poller.register(client.sock, select.EPOLLIN)
        sockets[client.sock.fileno()] = client.sock
    return poller, sockets


def read_all(poller, sockets, quiet_s):
    """Throws away what comes until nothing has come for so long."""
    last = time.monotonic()
    while time.monotonic() - last < quiet_s:
        for number, _ in poller.poll(quiet_s):
            assert sockets[number].recv(1 << 20), "the sidecar closed a socket"
            last = time.monotonic()


def close(clients):
    for client in clients:
        client.sock.close()


def resident_kib(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def kernel_kib():
    """What the kernel keeps for all TCP sockets of the machine."""
    words = next(line for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines() if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * resource.getpagesize() // 1024


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
