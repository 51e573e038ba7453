"""A throwaway PostgreSQL and the sidecar in front of it, on free ports of 127.0.0.1.

Everything started here is a child that ends with this process (setpriv --pdeathsig) and is stopped by its pid.
"""

import http.client
import os
import pathlib
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
READY_WITHIN_S = 30.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**more):
    """The caller's own PGHOST, PGSSLMODE, PGSIDECAR_* and DATABASE_URL must not reach what is tested."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
    return {**kept, "LC_ALL": "C.UTF-8", **more}


def spawn(command, **options):
    return subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "--", *map(str, command)],
                            stdin=subprocess.DEVNULL, **options)


class Stage:
    """Use as `with Stage(binary) as stage`. `urls` maps direct, session and transaction to addresses."""

    def __init__(self, binary):
        self.binary = pathlib.Path(binary).resolve()
        self.urls = {}
        self.sidecars = {}
        self.folder = None
        self._children = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgsidecar-drivers."))
        return self

    def __exit__(self, *_):
        for child in reversed(self._children):
            child.terminate()
        for child in reversed(self._children):
            try:
                child.wait(timeout=30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_postgres(self):
        server = spawn([ROOT / "scripts/throwaway-postgres", "--port", free_port()],
                       stdout=subprocess.PIPE, text=True, env=clean_environment())
        self._children.append(server)
        readable, _, _ = select.select([server.stdout], [], [], READY_WITHIN_S)
        line = server.stdout.readline() if readable else ""
        if not line.startswith("ready "):
            sys.exit("scripts/throwaway-postgres did not become ready; what it wrote is above")
        words = dict(word.split("=", 1) for word in line.split()[1:])
        self.urls["direct"] = f"postgres://app@127.0.0.1:{words['port']}/app"

    def start_sidecar(self, mode, *flags):
        port, http_port = free_port(), free_port()
        log = open(self.folder / f"{mode}.log", "wb")
        sidecar = spawn([self.binary, "--listen-port", port, "--http-port", http_port, "--pool-mode", mode,
                         "--shutdown-client-wait-ms", 1000, *flags], stdout=log, stderr=log,
                        env=clean_environment(DATABASE_URL=self.urls["direct"]))
        log.close()
        self._children.append(sidecar)
        self._wait_until_ready(mode, sidecar, http_port)
        self.sidecars[mode] = sidecar
        self.urls[mode] = f"postgres://app@127.0.0.1:{port}/app"

    def _wait_until_ready(self, mode, sidecar, http_port):
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline and sidecar.poll() is None:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", http_port, timeout=2)
                probe.request("GET", "/readyz")
                if probe.getresponse().status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        sys.exit(f"the sidecar did not become ready; its log:\n{self.log(mode)}")

    def log(self, mode):
        path = self.folder / f"{mode}.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""
