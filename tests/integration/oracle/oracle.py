#!/usr/bin/env python3
"""The transparency oracle: the same scripts straight to PostgreSQL and through the sidecar, compared message by message.

    oracle.py [script...]    all of scripts/ by default
      --mode MODE            pool mode of the sidecar (default: $PGS_POOL_MODE, else auto)
      --passes A,B           of simple, extended, cached: how a `query` step travels
      --quiet-pool           without the noise of other sessions
      --must-differ          succeed when there are differences: proof that the oracle sees them
      --show                 print the conversations too

Two PostgreSQL servers get the same databases, one for each script; the one is used straight, the other through sidecars
whose pools have one connection more than the script has sessions. README.md describes the scripts.
"""

import argparse
import contextlib
import os
import sys
import threading
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support/python")]

# pylint: disable=wrong-import-position
import pgwire
import script as scripts
import stage
import transcript
from noise import Noise
from player import Player

SERVER = {"max_connections": 400, "deadlock_timeout": "60ms", "max_prepared_transactions": 10,
          "log_min_messages": "fatal", "wal_level": "logical"}

SLOW = 5.0
CLEAN_UP = """do $$ declare r record; begin
  for r in select evtname from pg_event_trigger loop execute format('drop event trigger %I', r.evtname); end loop;
  for r in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
    execute format('drop schema %I cascade', r.nspname); end loop;
  perform lo_unlink(oid) from pg_largeobject_metadata;
  for r in select rolname from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres' loop
    execute format('drop owned by %I; drop role %I', r.rolname, r.rolname); end loop;
  create schema public; grant usage on schema public to public; end $$"""


class Way:
    """One of the two ways: a server, and for `through` the sidecars in front of it by pool size."""

    def __init__(self, name, postgres, mode=None, noisy=True):
        self.name, self.postgres, self.mode, self.noisy = name, postgres, mode, noisy
        with contextlib.closing(pgwire.Session(postgres.port)) as admin:
            admin.rows("create database oracle template template0")
        self.cleaner = pgwire.Session(postgres.port, database="oracle")
        self.sidecars = {}

    def port_for(self, script):
        if self.mode is None:
            return self.postgres.port
        size = len(script.sessions) + (1 if self.mode != "session" else 2)
        if size not in self.sidecars:
            self.sidecars[size] = stage.Sidecar(self.postgres, self.mode, size, pool_server_idle_timeout_ms=2000)
        return self.sidecars[size].port

    def play(self, script, way):
        noise, watcher = None, None
        try:
            port = self.port_for(script)
            if self.mode is not None and self.noisy:
                noise = Noise(port, "oracle")
            watcher = pgwire.Session(self.postgres.port, parameters=[("application_name", "watcher")])
            player = Player(script, port, "oracle", way, watcher.rows, noise.before_step if noise else lambda: None)
            return player.play()
        finally:
            for session in (noise, watcher):
                if session is not None:
                    session.close()
            self._end_backends()

    def _end_backends(self):
        """The next script begins on new server connections and in an empty database."""
        self.cleaner.rows("select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                          " where datname = 'oracle' and pid <> pg_backend_pid()")
        self.cleaner.rows(CLEAN_UP)

    def stop(self):
        self.cleaner.close()
        return [sidecar.stop() for sidecar in self.sidecars.values()]


class Outcome:
    def __init__(self):
        self.steps = None
        self.failure = None


def play_both(ways, script, way):
    """Both at the same time; each has its own server."""
    outcomes = [Outcome(), Outcome()]

    def run(index):
        try:
            outcomes[index].steps = ways[index].play(script, way)
        except BaseException:  # pylint: disable=broad-except
            outcomes[index].failure = traceback.format_exc()

    threads = [threading.Thread(target=run, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def read_known_limits():
    """known_limits.txt: what pooling cannot hide, or does not yet, by script and line (or whole script)."""
    limits = {}
    for line in (HERE / "known_limits.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        place, why = line.split(None, 1)
        name, _, lines = place.partition(":")
        for number in lines.split(",") if lines else ["*"]:
            limits[(name, number)] = why
    return limits


KNOWN_LIMITS = read_known_limits()


def known_limit(script, step, found):
    through = found.splitlines()[-1]
    for (name, code), why in KNOWN_LIMITS.items():
        if name == script.name and f"C='{code}'" in through:
            return why
    return KNOWN_LIMITS.get((script.name, str(step.line))) or KNOWN_LIMITS.get((script.name, "*"))


def compare(script, way, outcomes, show):
    """The number of steps that differ; prints them."""
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if failures:
        print(f"DIFFERENT {script.name} [{way}]: could not be played\n{failures[0]}")
        return 1
    differing = 0
    direct, through = (outcome.steps for outcome in outcomes)
    for (step, left), (_, right) in zip(direct, through):
        if show:
            print(f"  {script.name}:{step.line} {step}")
            for line in left:
                print(f"      {line}")
        found = transcript.difference(left, right)
        limit = known_limit(script, step, found) if found else None
        if limit:
            print(f"known {script.name}:{step.line} [{way}] {limit}")
        elif found:
            differing += 1
            print(f"DIFFERENT {script.name}:{step.line} [{way}] {step}\n  {found}")
        for line in left:
            if line.startswith(("TimedOut", "Lost:")) and "expects the end" not in script.title:
                print(f"BROKEN {script.name}:{step.line} [{way}] {step}\n    direct : {line}")
                differing += 1
    if len(direct) != len(through):
        differing += 1
        print(f"DIFFERENT {script.name} [{way}]: {len(direct)} steps direct, {len(through)} through")
    return differing


def run(options, ways):
    played, steps, differing = 0, 0, set()
    for path in options.scripts or sorted((HERE / "scripts").glob("*.pgs")):
        script = scripts.load(path)
        for way in script.passes:
            if way not in options.passes:
                continue
            begin = time.monotonic()
            outcomes = play_both(ways, script, way)
            if time.monotonic() - begin > SLOW:
                print(f"slow: {script.name} [{way}] took {time.monotonic() - begin:.1f} s")
            if compare(script, way, outcomes, options.show):
                differing.add(f"{script.name} [{way}]")
            played += 1
            steps += len(script.steps)
    print(f"{played} conversations of {steps} steps in mode {options.mode}: {len(differing)} differ"
          + "".join(f"\n  {name}" for name in sorted(differing)))
    return differing, played


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scripts", nargs="*")
    parser.add_argument("--mode", default=os.environ.get("PGS_POOL_MODE", "auto"))
    parser.add_argument("--passes", default=",".join(scripts.PASSES), type=lambda words: words.split(","))
    parser.add_argument("--quiet-pool", action="store_true")
    parser.add_argument("--must-differ", action="store_true")
    parser.add_argument("--show", action="store_true")
    return parser.parse_args()


def main():
    options = parsed_arguments()
    with stage.Postgres(**SERVER) as one, stage.Postgres(**SERVER) as other:
        ways = [Way("direct", one), Way("through", other, options.mode, not options.quiet_pool)]
        try:
            differing, played = run(options, ways)
        finally:
            codes = ways[1].stop()
            ways[0].stop()
    if any(codes):
        print(f"the sidecar ended with {codes}")
        return 1
    if options.must_differ:
        return 0 if differing else 1
    return 0 if played and not differing else 1


if __name__ == "__main__":
    sys.exit(main())
