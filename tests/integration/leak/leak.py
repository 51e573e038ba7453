#!/usr/bin/env python3
"""The leak test: random sessions over few server connections; each must see its own state and nobody else's.

    leak.py [steps]          20000 by default
      --seed N,...           a run for each (default: one from the system's chance; printed)
      --mode MODE            pool mode of the sidecar (default: $PGS_POOL_MODE, else auto)
      --clients N --pool N   sessions and server connections (default 20 over 5)
      --only KIND,...        of settings, roles, temporary, prepared, locks, notify, cursors, transactions, sequences
      --without KIND,...
      --plain-start          no session asks for settings when it connects
      --pipelined P          how often a step is sent together with the one before it (default 0.2)
      --control direct       instead of the sidecar no proxy: nothing may be found
      --control leaky        instead of the sidecar a pool without any care: each kind by itself must be found

A step is one request of one session and its whole answer, compared with a model of that session (model.py). Up to six
sessions ask at the same time. Sessions come with settings of their own and leave in the middle of transactions. A
session that needs its connection for long (a transaction, LISTEN, a temporary table) is one of few, so that the others
are always served. The first difference ends the test with the seed and the last steps.
"""

import argparse
import collections
import os
import random
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support/python")]

# pylint: disable=wrong-import-position
import actions
import controls
import pgwire
import stage
from model import Model

MOST_AT_ONCE = 6
MOST_IN_PIPELINE = 5
TRACE = 4000
STARTS = ({}, {}, {"work_mem": "6001kB"}, {"application_name": "starter", "TimeZone": "Asia/Seoul"},
          {"search_path": "given, public", "my.owner": "given"}, {"DateStyle": "German, DMY", "lock_timeout": "600001ms"})


class Leak(AssertionError):
    """A session saw what is not its own, or did not see what is."""

    def __init__(self, client, words):
        super().__init__(f"client {client.number}: {words}")
        self.client = client.number


class Client:
    def __init__(self, number, way, defaults):
        self.number, self.model = number, Model(defaults)
        self.wire = way.session(tuple(defaults.items()))


class World:
    def __init__(self, options, way, observer):
        self.options, self.way, self.observer = options, way, observer
        self.dice = random.Random(options.seed)
        self.chooser = actions.Chooser(self.dice, options.kinds, self._locked_by_others, self._serial,
                                       shared=options.control is None and options.mode != "session")
        self.trace = collections.deque(maxlen=TRACE)
        self.counts = collections.Counter()
        self.made = self.steps = self.serials = 0
        self.clients = []
        for _ in range(options.clients):
            self.clients.append(self._new_client())

    def _serial(self):
        self.serials += 1
        return self.serials

    def _new_client(self):
        self.made += 1
        defaults = self.dice.choice(STARTS) if self.options.starts else {}
        self.trace.append((self.made, "connects", f"{defaults}"))
        return Client(self.made, self.way, defaults)

    def _locked_by_others(self, model, key):
        return any(client.model.holds(key) for client in self.clients if client.model is not model)

    # One round: some sessions ask at the same time.

    def round(self):
        count = self.dice.choice((1, 1, 2, 3, MOST_AT_ONCE))
        chosen = self.dice.sample(self.clients, min(count, len(self.clients)))
        if len(chosen) == 1 and self.dice.random() < 0.04:
            self._leave(chosen[0])
            return
        asked = []
        room = self.options.pool - 1 - sum(client.model.busy for client in self.clients)
        for client in chosen:
            was_busy = client.model.busy
            wanted = self._some_actions(client, len(chosen) == 1, was_busy or room > 0)
            room -= client.model.busy and not was_busy
            client.wire.send(b"".join(action.data for action in wanted))
            asked += [(client, action) for action in wanted]
        for client, action in asked:
            self._check(client, action)
        for client in self.clients:
            self._check_notifications(client)

    def _some_actions(self, client, alone, may_hold):
        """One, or several that are sent together; not behind one whose outcome the model has to learn."""
        wanted = []
        while not wanted or (self.dice.random() < self.options.pipelined and len(wanted) < MOST_IN_PIPELINE
                             and not wanted[-1].learn and not wanted[-1].or_else):
            wanted.append(self.chooser.choose(client.model, alone, may_hold))
            self._deliver(wanted[-1].sent)
        return wanted

    def _check(self, client, action):
        self.steps += 1
        try:
            messages = client.wire.until_ready()
        except (pgwire.Lost, pgwire.TimedOut) as error:
            self.trace.append((client.number, action.what, str(error)))
            raise Leak(client, f"{action.what}: {type(error).__name__}: {error}") from error
        seen = pgwire.describe_messages([m for m in messages if m[0] not in b"123nTtS"])
        self.trace.append((client.number, action.what, seen))
        self.counts[action.what.split(" ", 1)[0].lower()] += 1
        rows, sqlstate = pgwire.rows_of(messages), pgwire.sqlstate_of(messages)
        if sqlstate and sqlstate == action.or_else:
            client.model.failed()
            action.status = client.model.status
            self._check_status(client, action, seen)
            return
        if sqlstate != action.sqlstate:
            raise Leak(client, f"{action.what}\n  expected SQLSTATE {action.sqlstate}, saw: {seen}")
        if action.rows is not actions.ANY and not sqlstate and rows != action.rows:
            raise Leak(client, f"{action.what}\n  expected {action.rows}\n  saw      {rows}")
        self._check_status(client, action, seen)
        if action.learn:
            action.learn(rows)

    @staticmethod
    def _check_status(client, action, seen):
        if client.wire.status != action.status:
            raise Leak(client, f"{action.what}\n  expected to be in state {action.status}, saw: {seen}")

    # Notifications: exactly those, in their order, and to nobody else.

    def _deliver(self, sent):
        for client in self.clients:
            for channel, payload in sent:
                if channel in client.model.listens:
                    client.model.expected.append((channel, payload))

    def _check_notifications(self, client):
        wire, expected = client.wire, client.model.expected
        while client.model.status == "I" and len(wire.notifications) < len(expected):
            try:
                kind, body = wire.read()
            except (pgwire.Lost, pgwire.TimedOut) as error:
                raise Leak(client, f"a notification did not come: {expected[len(wire.notifications)]}") from error
            if kind not in (b"A", b"S"):
                raise Leak(client, f"out of turn: {pgwire.describe_messages([(kind, body)])}")
        seen = [(channel, payload) for _, channel, payload in wire.notifications]
        if seen != expected[:len(seen)]:
            raise Leak(client, f"was notified of {seen}, expected {expected}")
        del expected[:len(seen)]
        wire.notifications.clear()

    # Leaving, politely or not, and what must go with the session.

    def _leave(self, client):
        polite = self.dice.random() < 0.5
        self.trace.append((client.number, "says goodbye" if polite else "vanishes", client.model.status))
        self.steps += 1
        self.counts["leave"] += 1
        if polite:
            client.wire.terminate()
        else:
            client.wire.close()
        self.clients.remove(client)
        if client.model.keys:
            self._locks_are_gone(client)
        self.clients.append(self._new_client())

    def _locks_are_gone(self, client):
        held = {key for other in self.clients for key in other.model.keys}
        wanted = sorted(str(key) for key in client.model.keys - held)

        def gone():
            rows = self.observer.rows("select objid from pg_locks where locktype = 'advisory'")
            return not {row[0] for row in rows} & set(wanted)
        try:
            stage.eventually(gone, f"its locks {wanted} to be gone after it left", pgwire.PATIENCE)
        except pgwire.TimedOut as error:
            raise Leak(client, str(error)) from error

    def last_steps(self, number):
        """The lives of one client and of those who hold locks, as far as they are remembered, and the last steps of all."""
        lines = []
        for one in (number, *(client.number for client in self.clients if client.model.keys and client.number != number)):
            life = [step for step in self.trace if step[0] == one]
            lines += [f"client {one}:", *(f"  {who:5} {what[:200]} -> {seen[:400]}" for who, what, seen in life[-80:])]
        last = [f"  {who:5} {what[:200]} -> {seen[:200]}" for who, what, seen in list(self.trace)[-25:]]
        return "\n".join([*lines, "everybody:", *last])


def run(options, way, observer):
    """True when nothing was found."""
    begin = time.monotonic()
    world = World(options, way, observer)
    try:
        while world.steps < options.steps:
            world.round()
    except Leak as leak:
        print(f"LEAK at step {world.steps}, seed {options.seed}\n{leak}\n"
              f"{world.last_steps(leak.client)}\nAgain with: --seed {options.seed} (step {world.steps})")
        return False
    finally:
        for client in world.clients:
            client.wire.close()
    seconds = time.monotonic() - begin
    words = ", ".join(f"{word} {count}" for word, count in world.counts.most_common(12))
    print(f"{world.steps} steps by {world.made} sessions in {seconds:.0f} s, nothing leaked ({words})")
    return True


def parsed_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="?", type=int, default=20000)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1 << 31)), dest="seeds",
                        type=lambda words: [int(word) for word in words.split(",")])
    parser.add_argument("--mode", default=os.environ.get("PGS_POOL_MODE", "auto"))
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--pool", type=int, default=5)
    parser.add_argument("--only", default=",".join(actions.KINDS))
    parser.add_argument("--without", default="")
    parser.add_argument("--control", choices=("direct", "leaky"))
    parser.add_argument("--plain-start", action="store_true")
    parser.add_argument("--pipelined", type=float, default=0.2)
    options = parser.parse_args()
    if options.control == "leaky":
        options.pipelined = 0.0
    options.starts = not options.plain_start and "settings" in options.only.split(",")
    options.kinds = [kind for kind in options.only.split(",") if kind not in options.without.split(",")]
    unknown = set(options.kinds) - set(actions.KINDS)
    if unknown:
        parser.error(f"there is no kind {unknown}; there are {', '.join(actions.KINDS)}")
    return options


def try_on_leaky_pool(options, postgres, observer):
    """Each kind of leak by itself: the kinds that were not noticed."""
    missed = []
    for kind in options.kinds:
        options.kinds = [kind, "transactions"]
        way = controls.LeakyWay(postgres.port, options.pool, random.Random(options.seed))
        if run(options, way, observer):
            missed.append(kind)
    return missed


def try_on_sidecar(options, postgres, observer):
    # A session that keeps its connection, here all of them, must not keep it from the others.
    size = options.pool if options.mode != "session" else options.clients + 10
    sidecar = stage.Sidecar(postgres, options.mode, size)
    try:
        clean = run(options, controls.DirectWay(sidecar.port), observer)
        if not clean:
            print(f"--- the sidecar's last words\n{sidecar.log_tail()}")
    finally:
        code = sidecar.stop()
    if code:
        print(f"the sidecar ended with {code}")
    return clean and code == 0


def try_seed(options):
    """True when all is as it should be."""
    print(f"seed {options.seed}, {options.clients} clients over {options.pool} connections,"
          f" {options.control or options.mode}, {', '.join(options.kinds)}", flush=True)
    with stage.Postgres(max_connections=200, timezone="Etc/UTC") as postgres:
        observer = pgwire.Session(postgres.port)
        observer.rows("create sequence leak_sequence; create role leak_one; create role leak_two")
        if options.control == "leaky":
            missed = try_on_leaky_pool(options, postgres, observer)
            print(f"not noticed: {', '.join(missed) or 'nothing'}")
            return not missed
        if options.control == "direct":
            return run(options, controls.DirectWay(postgres.port), observer)
        return try_on_sidecar(options, postgres, observer)


def main():
    options = parsed_arguments()
    for options.seed in options.seeds:
        if not try_seed(options):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
