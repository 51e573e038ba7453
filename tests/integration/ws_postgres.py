"""A PostgreSQL that can be stopped and started again, and the sidecar in front of it, for tests in Python."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import psycopg

from ws_wire import PATIENCE, request

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Postgres:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ws-postgres-")
        self.port = free_port()
        self.owner = []
        if os.getuid() == 0:
            self.owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self.folder, "postgres", "postgres")
        self.data = self.folder + "/data"
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    def run(self, program, *arguments):
        subprocess.run([*self.owner, str(BIN / program), *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-l", self.folder + "/log", "-o",
                 f"-p {self.port} -k {self.folder} -c fsync=off -c listen_addresses=127.0.0.1", "start")

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")

    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def connect(self, **more):
        return psycopg.connect(self.url(), autocommit=True, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([*self.owner, str(BIN / "pg_ctl"), "-D", self.data, "-m", "immediate", "stop"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        shutil.rmtree(self.folder, ignore_errors=True)


def realtime_sql(program, *words):
    return subprocess.run([program, "realtime-sql", *words], check=True, capture_output=True, text=True).stdout


class Sidecar:
    """pgsidecar with these settings ("name=value"); may be ended and started again on the same ports."""

    def __init__(self, program, postgres, *settings):
        self.program, self.postgres, self.settings = program, postgres, settings
        self.folder = tempfile.mkdtemp(prefix="ws-sidecar-")
        self.proxy_port, self.port = free_port(), free_port()
        self.start()

    def arguments(self):
        own = [f"listen.port={self.proxy_port}", f"http.port={self.port}", f"outage.spool_dir={self.folder}/spool",
               "max_retries=10", "retry_delay_ms=100", "health.reconnect_slow_interval_ms=300", "log.format=json"]
        out = []
        for name, value in (item.split("=", 1) for item in (*own, *self.settings)):
            out.append("--" + re.sub(r"[._]", "-", name) + "=" + value)
        return out

    def start(self):
        self.log = open(self.folder + "/log", "ab")
        environment = {**os.environ, "DATABASE_URL": self.postgres.url()}
        self.process = subprocess.Popen([self.program, *self.arguments()], env=environment, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError):
                if request(self.port, target="/startupz")[0] == 200:
                    return
            assert self.process.poll() is None, self.words()
            assert time.monotonic() < deadline, self.words()

    def words(self):
        return pathlib.Path(self.folder + "/log").read_text(errors="replace")[-4000:]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE * 3)
        self.log.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def connect(self, **more):
        return psycopg.connect(f"postgres://postgres@127.0.0.1:{self.proxy_port}/postgres", autocommit=True, **more)

    def info(self):
        return json.loads(request(self.port, target="/ws/info")[2])

    def metric(self, line):
        text = request(self.port, target="/metrics")[2].decode()
        found = re.search("^" + re.escape(line) + r" (\S+)$", text, re.MULTILINE)
        return float(found.group(1)) if found else None

    def wait(self, question, why):
        deadline = time.monotonic() + PATIENCE
        while not question():
            assert time.monotonic() < deadline, why + "\n" + self.words()
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)
