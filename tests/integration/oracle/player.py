"""Plays a script against one port and writes down what its sessions saw, step by step."""

import time

import pgwire
import script as scripts
from transcript import Transcript

_KINDS = {"statement": b"S", "portal": b"P"}
# How many messages answer a message when nothing goes wrong, for `flush`.
_ANSWERS = {"P": "1", "B": "2", "C": "3", "D": "nT", "E": "CIs"}


class _Actor:
    """A session of the script, with what it has not sent yet and what it still has to read."""

    def __init__(self, session):
        self.session = session
        self.outgoing = b""
        self.syncs = 0           # ReadyForQuery still to come
        self.expected = []       # for `flush`: letters that end one answer each
        self.notified = 0        # how many notifications have been written down
        self.copying = None      # None, simple or extended
        self.dressed = False     # the last statement went by the extended protocol
        self.prepared = {}       # pass cached: text -> name

    def push(self, data, answer=None):
        self.outgoing += data
        if answer:
            self.expected.append(_ANSWERS[answer])

    def send(self):
        data, self.outgoing = self.outgoing, b""
        self.session.send(data)


class Player:
    """`way` is simple, extended or cached: how a `query` step travels. `watch(sql)` asks the server itself."""

    def __init__(self, script, port, database, way, watch, before_step=lambda: None):
        self.script, self.port, self.database, self.way = script, port, database, way
        self._watch, self._before_step = watch, before_step
        self.transcript = Transcript(script.masks)
        self.actors = {}
        self.steps = []  # (step, lines seen in it)

    def play(self):
        try:
            for step in self.script.steps:
                self._before_step()
                self.transcript.lines = []
                self.steps.append((step, self.transcript.lines))
                try:
                    self._play(step)
                except (pgwire.Lost, pgwire.TimedOut, ConnectionError) as error:
                    self.transcript.note(f"{type(error).__name__}: {error}")
                    if isinstance(error, pgwire.TimedOut):
                        break
            self._end()
        finally:
            for actor in self.actors.values():
                actor.session.close()
        return self.steps

    def _end(self):
        """Nothing may be left over, and everybody can say goodbye."""
        self.transcript.lines = []
        self.steps.append((scripts.Step(0, "*", "disconnect", "at the end"), self.transcript.lines))
        for name, actor in sorted(self.actors.items()):
            try:
                left = actor.session.read_now()
                while left is not None:
                    if left[0] != b"A":
                        self.transcript.note(f"left over for {name}:")
                        self.transcript.add(*left)
                    left = actor.session.read_now()
                actor.session.terminate()
            except (pgwire.Lost, pgwire.TimedOut) as error:
                self.transcript.note(f"{name} at the end: {type(error).__name__}")

    def _play(self, step):
        if step.verb == "connect":
            self._open(step.session, scripts.connect_arguments(step.rest))
            return
        actor = self.actors.get(step.session) or self._open(step.session, ())
        getattr(self, "_" + step.verb)(actor, step.rest)

    def _open(self, name, parameters):
        parameters = dict(parameters)
        user = parameters.pop("user", "postgres")
        session = pgwire.Session(self.port, user, self.database, parameters.items(), greet=False)
        actor = self.actors[name] = _Actor(session)
        greeting = session.until(b"ZE")
        if greeting[-1][0] == b"E":
            self.transcript.add_refusal(greeting)
            self._disconnect(actor, "")
            return actor
        for kind, body in sorted(greeting, key=lambda m: (m[0] != b"S", m[1] if m[0] == b"S" else b"")):
            self.transcript.add(kind, body)
        return actor

    def _take(self, actor, messages):
        for kind, body in messages:
            self.transcript.add(kind, body)

    def _read_exchanges(self, actor):
        """Up to the last ReadyForQuery that is due, or to where the server waits for COPY's data."""
        actor.send()
        actor.expected = []
        while actor.syncs:
            messages = actor.session.until(b"ZG")
            self._take(actor, messages)
            if messages[-1][0] == b"G":
                return False
            actor.syncs -= 1
        return True

    # Statements by the simple protocol, or dressed up as a driver would send them.

    def _begin(self, actor, sql):
        if self.way == "simple" or scripts.has_several_statements(sql):
            actor.dressed = False
            actor.push(pgwire.query(sql))
            return
        actor.dressed = True
        name, binary = "", ()
        if self.way == "cached":
            binary = (1,)
            name = actor.prepared.get(sql)
            if name is None:
                name = actor.prepared[sql] = f"cached_{len(actor.prepared) + 1}"
                actor.push(pgwire.parse(name, sql))
        else:
            actor.push(pgwire.parse(name, sql))
        actor.push(pgwire.bind("", name, (), (), binary) + pgwire.describe(b"P", "") + pgwire.execute() + pgwire.sync())

    def _query(self, actor, sql):
        self._start(actor, sql)
        self._await(actor)

    def _start(self, actor, sql):
        self._begin(actor, sql)
        actor.syncs += 1
        actor.send()

    def _await(self, actor, _=""):
        if not self._read_exchanges(actor):
            actor.copying = "extended" if actor.dressed else "simple"

    # The extended protocol, message by message.

    def _parse(self, actor, rest):
        name, types, sql = scripts.parse_arguments(rest)
        actor.push(pgwire.parse(name, sql, types), "P")

    def _bind(self, actor, rest):
        actor.push(pgwire.bind(*scripts.bind_arguments(rest)), "B")

    def _describe(self, actor, rest):
        kind, name = rest.split()
        actor.push(pgwire.describe(_KINDS[kind], scripts.name_of(name)), "D")

    def _execute(self, actor, rest):
        portal, _, rows = rest.partition(" ")
        actor.push(pgwire.execute(scripts.name_of(portal), int(rows or 0)), "E")

    def _close(self, actor, rest):
        kind, name = rest.split()
        actor.push(pgwire.close(_KINDS[kind], scripts.name_of(name)), "C")

    def _more(self, actor, _):
        actor.push(pgwire.sync())
        actor.syncs += 1

    def _sync(self, actor, _):
        self._more(actor, "")
        if not self._read_exchanges(actor):
            actor.copying = "extended"

    def _flush(self, actor, _):
        actor.push(pgwire.flush())
        actor.send()
        for ends in actor.expected:
            messages = actor.session.until(ends.encode() + b"EG")
            self._take(actor, messages)
            if messages[-1][0] == b"G":
                actor.copying = "extended"
            if messages[-1][0] in b"EG":
                break
        actor.expected = []

    def _function(self, actor, rest):
        oid, *arguments = rest.split()
        actor.push(pgwire.function_call(int(oid), [bytes.fromhex(word) for word in arguments]))
        actor.syncs += 1
        self._read_exchanges(actor)

    # COPY.

    def _copydata(self, actor, rest):
        actor.push(pgwire.message(b"d", scripts.unescaped(rest).encode()))

    def _copydone(self, actor, _):
        self._end_copy(actor, pgwire.message(b"c"))

    def _copyfail(self, actor, rest):
        self._end_copy(actor, pgwire.message(b"f", pgwire.cstring(rest)))

    def _end_copy(self, actor, data):
        actor.push(data)
        if actor.copying == "extended":
            actor.push(pgwire.sync())
            actor.syncs = max(actor.syncs, 1)
        actor.copying = None
        self._await(actor)

    # Several sessions.

    def _wait_for(self, condition, count, what):
        deadline = time.monotonic() + pgwire.PATIENCE
        sql = (f"select count(*) from pg_stat_activity where datname = '{self.database}' and state = 'active'"
               f" and {condition}")
        while int(self._watch(sql)[0][0]) < count:
            if time.monotonic() > deadline:
                raise pgwire.TimedOut(f"nobody {what}")

    def _blocked(self, _, rest):
        self._wait_for("wait_event_type = 'Lock'", int(rest or 1), "waits for a lock")

    def _running(self, _, rest):
        self._wait_for("wait_event = 'PgSleep'", int(rest or 1), "sleeps")

    def _cancel(self, actor, _):
        actor.session.cancel()

    def _notified(self, actor, rest):
        """That many notifications, in their order; who sent them is a number of the server's."""
        wanted = actor.notified + int(rest)
        while len(actor.session.notifications) < wanted:
            kind, body = actor.session.read()
            self.transcript.add(kind, body)
        for _, channel, payload in actor.session.notifications[actor.notified:]:
            self.transcript.note(f"NotificationResponse {channel} {payload!r}")
        actor.notified = len(actor.session.notifications)

    def _reads(self, actor, rest):
        """The messages up to one of these letters, for answers that end without ReadyForQuery."""
        actor.send()
        self._take(actor, actor.session.until(rest.encode()))

    def _disconnect(self, actor, _):
        actor.session.terminate()
        self._forget(actor)

    def _vanish(self, actor, _):
        actor.session.close()
        self._forget(actor)

    def _forget(self, actor):
        for name, known in list(self.actors.items()):
            if known is actor:
                del self.actors[name]
