#!/usr/bin/env python3
"""Sets up PostgreSQL and the sidecar and runs an app that keeps many connections open over few server connections.

    orm_stage.py <modes> <command> [argument...]     modes: direct, auto, session, transaction, statement, joined by commas

The command gets DATABASE_URL, PGHOST, PGPORT, PGUSER, PGDATABASE, PGS_MODE and APP_CONNECTIONS (40), works on
the table `items` and ends with 0, or with 77 and the reason when it cannot run here. It prints `version: ...`. Afterwards
the table must be empty again, and the sidecar must have had no more than five connections to the server at any time.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "support/python"))

# pylint: disable=wrong-import-position
import pgwire
import stage

APP_CONNECTIONS, SERVER_CONNECTIONS = 40, 5
TABLE = "create table if not exists items (id serial primary key, name text not null, amount int not null default 0)"


class Watch:
    """Counts, as long as the app runs, how many connections the server has but our own."""

    def __init__(self, postgres):
        self.most, self._over = 0, threading.Event()
        self._session = pgwire.Session(postgres.port, parameters=[("application_name", "watch")])
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self):
        sql = ("select count(*) from pg_stat_activity where backend_type = 'client backend'"
               " and application_name not in ('watch', 'pgsidecar')")
        while not self._over.wait(0.02):
            self.most = max(self.most, int(self._session.rows(sql)[0][0]))

    def stop(self):
        self._over.set()
        self._thread.join()
        self._session.close()
        return self.most


def run(mode, command, postgres):
    print(f"== {mode}", flush=True)
    admin = pgwire.Session(postgres.port, parameters=[("application_name", "watch")])
    admin.rows("drop table if exists items")
    admin.rows(TABLE)
    sidecar = None
    if mode != "direct":
        sidecar = stage.Sidecar(postgres, mode, APP_CONNECTIONS + 5 if mode == "session" else SERVER_CONNECTIONS)
    port = sidecar.port if sidecar else postgres.port
    environment = {**os.environ, "PGS_MODE": mode, "APP_CONNECTIONS": str(APP_CONNECTIONS), "PGHOST": "127.0.0.1",
                   "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": "postgres", "PGSSLMODE": "disable",
                   "DATABASE_URL": f"postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"}
    watch = Watch(postgres)
    try:
        code = subprocess.run(command, env=environment, check=False).returncode
        most = watch.stop()
        left = admin.rows("select count(*) from items")[0][0]
        if code == 0 and left != "0":
            print(f"FAILED: {left} rows are left in the table")
            code = 1
        if code == 0 and mode not in ("direct", "session") and most > SERVER_CONNECTIONS:
            print(f"FAILED: there were {most} connections to the server")
            code = 1
        if code == 0:
            print(f"{APP_CONNECTIONS} connections of the app, at most {most} at the server", flush=True)
        if code not in (0, 77) and sidecar:
            print(f"--- the sidecar's last words\n{sidecar.log_tail()}")
    finally:
        admin.close()
        ended = sidecar.stop() if sidecar else 0
    if ended:
        print(f"the sidecar ended with {ended}")
    return code or (1 if ended else 0)


def main():
    if len(sys.argv) < 3:
        print(__doc__)
        return 64
    with stage.Postgres(max_connections=100) as postgres:
        for mode in sys.argv[1].split(","):
            code = run(mode, sys.argv[2:], postgres)
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
