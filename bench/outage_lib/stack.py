"""What is measured: a PostgreSQL that can be stopped and started again, and a sidecar with a spool folder of its own."""

import os
import pwd
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compare_lib.processes import SERVICE_USER, BenchError, free_port  # noqa: E402

BIN = Path("/usr/lib/postgresql/15/bin")
USER = DATABASE = "bench"
TABLE = ("create table audit_logs (seq bigserial, client int not null, number bigint not null, "
         "payload text not null)")
SPOOL_ENTRIES = "pgsidecar_spool_entries"


def wait_for(what, seconds, condition, interval=0.02):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise BenchError(f"{what}: not within {seconds} s")
        time.sleep(interval)


class Postgres:
    """fsync: as a server is delivered, or without, which makes everything around it weigh more."""

    def __init__(self, children, fsync):
        self._children = children
        self._folder = children.owned_folder("postgres")
        self.port = free_port()
        self._settings = {"port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self._folder,
                          "max_connections": 300, "shared_buffers": "256MB", "max_wal_size": "4GB",
                          "fsync": fsync, "full_page_writes": fsync}
        self._initialise()
        self._process = None
        self.start()
        self.run(f"create database {DATABASE}", database="postgres")
        self.run(TABLE)

    def _initialise(self):
        command = [BIN / "initdb", "-D", self._folder / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C",
                   "--no-sync"]
        drop = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam(SERVICE_USER)
            drop = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **drop)

    def start(self):
        words = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        self._process = self._children.start("postgres", [BIN / "postgres", "-D", self._folder / "data", *words],
                                             as_service_user=True)
        wait_for("PostgreSQL starts", 60, lambda: subprocess.run(
            [BIN / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode == 0)

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def run(self, sql, database=DATABASE):
        done = subprocess.run([BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                               "-U", USER, "-d", database, "-c", sql], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"{sql}: {done.stderr.strip()}")
        return done.stdout.strip()


class Sidecar:
    def __init__(self, children, postgres, binary, name, flags):
        self._children = children
        self.spool = children.folder / f"spool-{name}"
        self.port, self.http_port = free_port(), free_port()
        self.process = children.start(
            f"pgsidecar-{name}",
            [binary, "--listen-port", self.port, "--http-port", self.http_port, "--outage-spool-dir", self.spool,
             "--retry-delay-ms", 100, "--health-reconnect-slow-interval-ms", 100,
             *(flags if "--pool-size" in flags else (*flags, "--pool-size", 20))],
            env={"DATABASE_URL": f"postgres://{USER}@127.0.0.1:{postgres.port}/{DATABASE}"})
        children.wait_for_port(self.process, self.port)

    def metric(self, name):
        """The sum of the series of that name; None when there is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        values = [float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)]
        return sum(values) if values else None

    def queued(self):
        value = self.metric(SPOOL_ENTRIES)
        if value is None:
            raise BenchError(f"the sidecar has no metric {SPOOL_ENTRIES}; is this binary one with a spool?")
        return int(value)

    def spool_bytes(self):
        """Of all files of the spool, as ls shows them."""
        return sum(path.stat().st_size for path in self.spool.iterdir() if path.is_file())


def fsync_ms(folder, times=200):
    """The median time of a 4 KiB write and its fdatasync there: what one group commit cannot do without."""
    path, taken = Path(folder) / "fsync-probe", []
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for number in range(times):
            began = time.perf_counter()
            os.pwrite(file, b"x" * 4096, number * 4096)
            os.fdatasync(file)
            taken.append((time.perf_counter() - began) * 1000)
    finally:
        os.close(file)
        path.unlink()
    return statistics.median(taken)
