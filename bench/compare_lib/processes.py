"""Starting things and ending them again, each by its process id."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICE_USER = "postgres"  # for programs that refuse to run as root


class BenchError(Exception):
    """Something that a person has to see to; the text says what."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_file_limit():
    """Thousands of idle clients need as many descriptors, here and in every proxy."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Children:
    """All processes of one run and its folder; leaving the `with` block ends and removes them."""

    def __init__(self):
        self._processes = []
        self.folder = Path(tempfile.mkdtemp(prefix="pgsidecar-bench."))
        self.folder.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            _end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, name, command, *, as_service_user=False, env=None, stdout=None):
        """A child with its own log in the folder; it goes down with this program, whatever happens to it."""
        prefix = ["setpriv", "--pdeathsig", "TERM"]
        if as_service_user and os.geteuid() == 0:
            prefix = ["setpriv", f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--clear-groups", *prefix]
        with open(self.log(name), "wb") as log:
            process = subprocess.Popen([*prefix, *map(str, command)], stdin=subprocess.DEVNULL, stdout=stdout or log,
                                       stderr=log, env={**os.environ, **(env or {})}, start_new_session=True)
        process.title = name
        self._processes.append(process)
        return process

    def ended(self):
        return [process for process in self._processes if process.poll() is not None]

    def log(self, name):
        return self.folder / f"{name}.log"

    def owned_folder(self, name):
        """A folder that a program run as the service user can write to."""
        path = self.folder / name
        path.mkdir()
        if os.geteuid() == 0:
            shutil.chown(path, SERVICE_USER)
        return path

    def wait_for_port(self, process, port, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"{process.title} did not open 127.0.0.1:{port}:\n{self.log_tail(process.title)}")
            time.sleep(0.05)

    def log_tail(self, name):
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-15:]) or "(its log is empty)"


def _end(process):
    for how, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass


def start_postgres(children, max_connections):
    """The words of scripts/throwaway-postgres, as a dict: port, user, ..."""
    process = children.start("postgres", [
        ROOT / "scripts/throwaway-postgres", "--dir", children.folder / "postgres", "--user", "bench",
        "--set", f"max_connections={max_connections}", "--set", "shared_buffers=256MB",
        "--set", "max_wal_senders=0", "--set", "wal_level=minimal"], stdout=subprocess.PIPE)
    line = process.stdout.readline().decode()
    if not line.startswith("ready "):
        raise BenchError(f"PostgreSQL did not start:\n{children.log_tail('postgres')}")
    return dict(word.split("=", 1) for word in line.split()[1:])
