"""PostgreSQL 15 and the sidecar for tests that are written in Python. Both go away with the test."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pgwire

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0


def binary():
    """The program under test: $PGS_TEST_BINARY, else what CMake's preset dev built."""
    return os.environ.get("PGS_TEST_BINARY") or str(ROOT / "build/dev/pgsidecar")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path, lines=25):
    try:
        return "\n".join(Path(path).read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def eventually(condition, what, patience=PATIENCE):
    """Asks until the answer is true. Each question is a conversation with the one who knows, not a guess by time."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise pgwire.TimedOut(f"waited {patience:.0f} s for {what}")


class Postgres:
    """A throwaway server (scripts/throwaway-postgres), trust on loopback."""

    def __init__(self, **settings):
        command = [str(ROOT / "scripts/throwaway-postgres"), "--user", "postgres", "--port", str(free_port())]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if not ready or ready[0] != "ready":
            raise RuntimeError("PostgreSQL did not start; its words are above")
        self.facts = dict(word.split("=", 1) for word in ready[1:])
        self.port = int(self.facts["port"])

    def log_tail(self):
        return tail(self.facts["log"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Sidecar:
    """The program in front of a Postgres; `flags` are more settings by their flag's name."""

    def __init__(self, postgres, mode, pool_size, **flags):
        self.folder = tempfile.TemporaryDirectory(prefix="pgsidecar-test.")
        self.log = os.path.join(self.folder.name, "log")
        self.port, self.http_port = free_port(), free_port()
        command = [binary(), "--listen-port", str(self.port), "--http-port", str(self.http_port),
                   "--pool-mode", mode, "--pool-size", str(pool_size),
                   "--outage-spool-dir", os.path.join(self.folder.name, "spool")]
        for name, value in flags.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("PG") or name == "PGS_TEST_BINARY"}
        environment["DATABASE_URL"] = f"postgres://postgres@127.0.0.1:{postgres.port}/postgres?sslmode=disable"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            eventually(self._is_ready, "the sidecar to get ready")
        except (pgwire.TimedOut, RuntimeError) as error:
            self.process.kill()
            raise RuntimeError(f"{error}; its last words:\n{self.log_tail()}") from error

    def _is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the sidecar ended with {self.process.returncode}")
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def log_tail(self):
        return tail(self.log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """SIGTERM; the exit code, or -1 when it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = -1
        self.folder.cleanup()
        return code
