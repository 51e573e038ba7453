"""One measurement each: a timed pgbench run, system calls, memory with idle clients."""

import os
import re
import signal
import socket
import statistics
import struct
import subprocess
import time
from pathlib import Path

from .processes import BenchError
from .targets import DATABASE, USER

PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
LOG_SHARE = 0.2  # of the transactions pgbench writes down with their latency
_TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


def initialise(port, scale):
    _run([PGBENCH, "-i", "-q", "-s", str(scale), *_address(port)], "pgbench -i")


def timed_run(target, protocol, clients, seconds, folder):
    """Transactions/s, latency percentiles and the proxy's CPU time per transaction of one pgbench -S run."""
    prefix = Path(folder) / "latency"
    before = cpu_us(target.pid)
    output = _pgbench(target, protocol, clients, ["-T", str(seconds), "--log", f"--log-prefix={prefix}",
                                                  f"--sampling-rate={LOG_SHARE}"])
    cpu = None if before is None else cpu_us(target.pid) - before
    transactions = _transactions(output)
    latencies = _take_latencies(prefix)
    return {
        "tps": float(re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)[1]),
        "p50_ms": _percentile(latencies, 50) / 1000,
        "p99_ms": _percentile(latencies, 99) / 1000,
        "cpu_us": None if cpu is None else cpu / transactions,
    }


def system_calls(target, protocol, clients, transactions, folder):
    """System calls of the proxy per transaction, in sum and by name.

    The difference of a long and a short run, so that connecting and disconnecting cancel out.
    """
    short_count, short_calls = _traced_run(target, protocol, clients, max(transactions // 5, clients), folder)
    long_count, long_calls = _traced_run(target, protocol, clients, transactions, folder)
    by_name = {name: (calls - short_calls.get(name, 0)) / (long_count - short_count)
               for name, calls in long_calls.items()}
    return {"calls": sum(by_name.values()), "calls_by_name": by_name}


def memory(pid):
    """Resident and proportional set size in bytes."""
    fields = dict(re.findall(r"^(Rss|Pss):\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE))
    return {name.lower(): int(kilobytes) * 1024 for name, kilobytes in fields.items()}


def memory_with_idle_clients(target, count):
    """Memory before, and with that many clients that have logged in, run one statement and stay."""
    before = memory(target.pid)
    clients = []
    try:
        for _ in range(count):
            clients.append(_idle_client(target.port))
        after = memory(target.pid)
    finally:
        for client in clients:
            client.close()
    return {"clients": count, "before": before, "with_clients": after,
            "per_client": (after["pss"] - before["pss"]) / count}


def cpu_us(pid):
    """CPU time of all threads, past and present, user and system."""
    if pid is None:
        return None
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_US


def _address(port):
    return ["-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE]


def _run(command, what):
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        raise BenchError(f"{what} failed: {result.stderr.strip()[-1500:]}")
    return result.stdout


def _pgbench(target, protocol, clients, arguments):
    return _run([PGBENCH, "-n", "-S", "-M", protocol, "-c", str(clients), "-j", str(min(clients, 2)), *arguments,
                 *_address(target.port)], f"pgbench -M {protocol} with {clients} clients through {target.name}")


def _transactions(output):
    return int(re.search(r"actually processed: (\d+)", output)[1])


def _take_latencies(prefix):
    values = []
    for path in prefix.parent.glob(prefix.name + ".*"):
        values += [int(line.split(" ", 3)[2]) for line in path.read_text().splitlines()]
        path.unlink()
    if len(values) < 2:
        raise BenchError("pgbench logged no latencies; run for longer with --seconds")
    return values


def _percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _traced_run(target, protocol, clients, transactions, folder):
    summary = Path(folder) / "strace.txt"
    tracer = subprocess.Popen(["strace", "-c", "-f", "-q", "-o", str(summary), "-p", str(target.pid)],
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _wait_until_traced(tracer, target)
        output = _pgbench(target, protocol, clients, ["-t", str(max(transactions // clients, 1))])
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=30)
    calls = {name: int(count) for count, name in
             re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", summary.read_text(), re.MULTILINE)
             if name != "total"}
    summary.unlink()
    return _transactions(output), calls


def _wait_until_traced(tracer, target):
    deadline = time.monotonic() + 10
    while any("TracerPid:\t0\n" in status.read_text() for status in Path(f"/proc/{target.pid}/task").glob("*/status")):
        if tracer.poll() is not None:
            raise BenchError(f"strace could not attach to {target.name}: {tracer.stderr.read().strip()}")
        if time.monotonic() > deadline:
            raise BenchError(f"strace did not attach to {target.name} within 10 seconds")
        time.sleep(0.02)


def _idle_client(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    words = b"".join(word.encode() + b"\0" for word in ("user", USER, "database", DATABASE)) + b"\0"
    client.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
    _read_until_ready(client)
    statement = b"select 1\0"
    client.sendall(b"Q" + struct.pack("!i", len(statement) + 4) + statement)
    _read_until_ready(client)
    return client


def _read_until_ready(client):
    data = b""
    while not data.endswith(b"Z\0\0\0\x05I"):
        chunk = client.recv(4096)
        if not chunk or data[:1] == b"E":
            raise BenchError(f"an idle client was refused: {(data + chunk)[:200]!r}")
        data += chunk
