"""Writes while the database is down, and the flush when it is back."""

import json
import re
import subprocess
import time
from pathlib import Path

from .stack import DATABASE, USER, BenchError, wait_for

SOURCE = Path(__file__).parent / "write_load.cpp"
PGBENCH = "/usr/lib/postgresql/15/bin/pgbench"
PROTOCOLS = ("simple", "extended", "prepared")


class Load:
    """The client program, compiled once for this run."""

    def __init__(self, folder, clients, size):
        self._program, self._clients, self._bytes = folder / "write_load", clients, size
        self._folder = folder
        self._next_client = 1
        done = subprocess.run(["g++", "-std=c++20", "-O2", "-o", self._program, SOURCE], capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise BenchError(f"g++ cannot compile {SOURCE.name}:\n{done.stderr}")

    def run(self, port, protocol, seconds, clients=None):
        clients = clients or self._clients
        done = subprocess.run([self._program, str(port), str(clients), str(seconds), protocol, str(self._bytes),
                               str(self._next_client)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(done.stderr.strip())
        self._next_client += clients
        return json.loads(done.stdout)

    def cross_check(self, port, protocol, seconds):
        """The same by pgbench, whose own cost is in the figure."""
        head = "insert into audit_logs (client, number, payload) values (0, :number, '"
        script = self._folder / "insert.sql"
        script.write_text(f"\\set number random(1, 1000000000)\n{head}{'x' * (self._bytes - len(head) - 2)}');\n")
        done = subprocess.run([PGBENCH, "-n", "-f", script, "-c", str(self._clients), "-j", "1", "-T", str(seconds), "-M",
                               protocol, "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        tps = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        written = re.search(r"^number of transactions actually processed: (\d+)", done.stdout, re.MULTILINE)
        if done.returncode != 0 or not tps or not written:
            raise BenchError(f"pgbench failed: {done.stdout.strip()}")
        return {"acknowledged": int(written[1]), "per_second": float(tps[1])}


def learn(sidecar, load, protocols):
    """The sidecar has seen the database, the logins and the statements before the outage."""
    for protocol in protocols:
        load.run(sidecar.port, protocol, 0.2)


def begin_outage(sidecar, postgres, load):
    postgres.stop()

    trouble = [""]

    def queued():
        try:
            return load.run(sidecar.port, "simple", 0.05, clients=1)["acknowledged"] > 0 and sidecar.queued() > 0
        except BenchError as error:  # what was under way when the database went
            trouble[0] = f" ({error})"
            return False

    try:
        wait_for("the sidecar queues writes", 20, queued, interval=0.1)
    except BenchError as error:
        raise BenchError(f"{error}{trouble[0]}") from None


def outage(sidecar, postgres, load, options, say):
    """One outage: the load by each protocol, the size of the spool, the flush."""
    learn(sidecar, load, options.protocols)
    postgres.run("truncate audit_logs")
    begin_outage(sidecar, postgres, load)
    samples, cross = {}, {}
    for protocol in options.protocols:
        say(f"database down: {protocol}, {options.clients} clients")
        samples[protocol] = load.run(sidecar.port, protocol, options.seconds)
        if samples[protocol]["errors"]:
            say(f"{samples[protocol]['errors']} errors, the first: {samples[protocol]['first_error']}")
    entries, size = sidecar.queued(), sidecar.spool_bytes()
    ratio = size / (entries * options.bytes) if entries else None
    if options.pgbench:
        for protocol in options.protocols:
            say(f"database down: pgbench, {protocol}")
            cross[protocol] = load.cross_check(sidecar.port, protocol, options.seconds)
    return {"acks": samples, "pgbench": cross,
            "spool": {"entries": entries, "bytes": size, "per_entry_byte": ratio},
            "flush": flush(sidecar, postgres, say)}


def flush(sidecar, postgres, say):
    """From the moment the database takes connections until nothing waits; the rate from the first applied batch on."""
    queued = sidecar.queued()
    say(f"database up: flushing {queued} entries")
    postgres.start()
    began, first = time.monotonic(), None
    deadline = began + 60 + queued / 1000
    while (waiting := sidecar.queued()) > 0:
        now = time.monotonic()
        if first is None and waiting < queued:
            first = (now, waiting)
        if now > deadline:
            raise BenchError(f"{waiting} entries still wait after {now - began:.0f} s")
        time.sleep(0.02)
    ended = time.monotonic()
    rows = int(postgres.run("select count(*) from audit_logs"))
    # Sorted: without statistics PostgreSQL takes a hash table for so many rows, and minutes.
    distinct = int(postgres.run("set enable_hashagg = off; "
                                "select count(*) from (select distinct client, number from audit_logs where client > 0) d"))
    since, rest = first or (began, queued)
    return {"entries": queued, "rows": rows, "doubled": int(postgres.run(
        "select count(*) from audit_logs where client > 0")) - distinct,
        "seconds": ended - began, "per_second": queued / (ended - began),
        "steady_per_second": rest / (ended - since) if ended > since else None}
