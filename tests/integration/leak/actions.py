"""Random actions of a session, and what must come of them.

An action has the bytes to send, and what to expect: rows, an SQLSTATE, or anything; then the status of ReadyForQuery.
The model moves when the action is made, because a session has one action under way at most.
"""

from dataclasses import dataclass

import pgwire
from model import Cursor, Temporary

KINDS = ("settings", "roles", "temporary", "prepared", "locks", "notify", "cursors", "transactions", "sequences")
ROLES = ("leak_one", "leak_two")
TABLES = ("leak_t0", "leak_t1")
NAMES = ("s1", "s2", "s3")
CURSORS = ("c1", "c2")
CHANNELS = ("news", "sport")
KEYS = range(6)
SHARED_TEXTS = 5
ANY = object()


@dataclass
class Action:
    what: str
    data: bytes
    rows: object = ANY          # the rows that must come, or ANY
    sqlstate: str = None
    status: str = "I"
    sent: tuple = ()            # notifications that go out with it
    learn: object = None        # called with the rows
    or_else: str = None         # an SQLSTATE that is as good


class Chooser:
    """Makes actions for one session. `alone`: nothing else happens at the same time, so others may be concerned.
    `may_hold`: it may come to need its connection for longer. `shared`: connections change hands, and with them goes
    what currval() would tell."""

    def __init__(self, dice, kinds, locked_by_others, serial, shared):
        self.dice, self.kinds = dice, [kind for kind in KINDS if kind in kinds]
        self.locked_by_others, self.serial, self.shared = locked_by_others, serial, shared

    def choose(self, model, alone, may_hold):
        model.drew = False
        if model.status == "E":
            return self._in_a_failed_transaction(model)
        if self.dice.random() < 0.15:
            return self._look(model)
        if model.now.role or model.authorization != "postgres":
            return self.dice.choice((self._settings, self._roles, self._look))(model, alone, may_hold)
        for _ in range(4):
            action = getattr(self, "_" + self.dice.choice(self.kinds))(model, alone, may_hold)
            if action:
                return action
        return self._look(model)

    # How a statement travels.

    def _sql(self, model, sql, sqlstate=None, simple=False, **more):
        if sqlstate:
            model.failed()
        sent = () if sqlstate else tuple(model.statement_done())
        if simple or self.dice.random() < 0.5:
            model.statements.pop("", None)  # a simple Query ends the unnamed statement
            data = pgwire.query(sql)
        else:
            model.statements[""] = ANY
            data = pgwire.parse("", sql) + pgwire.bind("", "") + pgwire.execute() + pgwire.sync()
        return Action(sql, data, sqlstate=sqlstate, status=model.status, sent=sent, **more)

    def _look(self, model, *_):
        names = sorted(model.defaults)
        columns = [f"nullif(current_setting('{name}', true), '')" for name in names]
        columns += ["current_user", "session_user"] + [f"to_regclass('pg_temp.{name}')::text" for name in TABLES]
        columns += ["array(select pg_listening_channels() order by 1)::text",
                    "array(select name from pg_cursors where name like 'c%' order by 1)::text"]
        row = [model.value(name) or None for name in names]
        row += [model.current_user, model.authorization]
        row += [name if name in model.now.temporary else None for name in TABLES]
        row += ["{" + ",".join(sorted(model.listens)) + "}", "{" + ",".join(sorted(model.cursors)) + "}"]
        action = self._sql(model, "select " + ", ".join(columns), rows=[row])
        action.what = "look"
        return action

    def _in_a_failed_transaction(self, model):
        turn = self.dice.randrange(5)
        if turn == 0 and model.savepoints:
            name = self.dice.choice(model.savepoints)[0]
            model.rollback_to(name)
            return self._sql(model, f"rollback to {name}", simple=True)
        if turn == 1:
            return self._sql(model, "select 1", "25P02")
        if turn == 2 and "prepared" in self.kinds:
            return self._execute(model, self.dice.choice(NAMES))
        model.rollback()
        return self._sql(model, self.dice.choice(("rollback", "commit")), simple=True)

    # Settings and roles.

    def _settings(self, model, *_):
        name = self.dice.choice(sorted(model.defaults))
        value = self._some_value(name)
        turn = self.dice.randrange(10)
        if turn < 4:
            model.set(name, value)
            return self._sql(model, f"set {name} = {_quoted(name, value)}")
        if turn == 4:
            model.set(name, value)
            return self._sql(model, f"select set_config('{name}', '{value}', false)", rows=[[value]])
        if turn < 7 and model.status == "T":
            model.set_local(name, value)
            return self._sql(model, f"set local {name} = {_quoted(name, value)}")
        if turn == 7:
            model.reset_all()
            return self._sql(model, "reset all")
        if turn == 8:
            return self._sql(model, f"set {name} = {_quoted(name, value)}; select 1/0", "22012", simple=True)
        if "." in name:  # RESET of a custom setting that a connection has never heard of is an error
            model.set(name, "")
            return self._sql(model, f"set {name} = ''")
        model.reset(name)
        return self._sql(model, f"reset {name}")

    def _some_value(self, name):
        number = self.dice.randrange(1, 1000)
        choices = {"work_mem": f"{1024 * 8 + number}kB", "search_path": f"s_{number}, public",
                   "TimeZone": ("Asia/Tokyo", "Europe/Rome", "America/Lima")[number % 3],
                   "DateStyle": ("German, DMY", "SQL, YMD", "Postgres, MDY")[number % 3],
                   "statement_timeout": f"{600000 + number}ms", "lock_timeout": f"{600000 + number}ms",
                   "bytea_output": ("escape", "hex")[number % 2], "extra_float_digits": str(number % 4 - 1),
                   "IntervalStyle": ("iso_8601", "sql_standard", "postgres_verbose")[number % 3]}
        return choices.get(name, f"{name}-{self.serial()}")

    def _roles(self, model, *_):
        turn = self.dice.randrange(4)
        role = self.dice.choice(ROLES)
        if turn == 0 and model.authorization == "postgres":
            model.now.role = role
            return self._sql(model, f"set role {role}")
        if turn == 1 and model.authorization == "postgres":
            model.now.role = ""
            return self._sql(model, self.dice.choice(("reset role", "set role none")))
        if model.status == "I" and not model.now.role:
            if turn == 2:
                model.authorization = role
                return self._sql(model, f"set session authorization {role}")
            model.authorization = "postgres"
            return self._sql(model, "reset session authorization")
        return self._look(model)

    # What ties a session to its connection.

    def _temporary(self, model, _, may_hold):
        name, value = self.dice.choice(TABLES), f"row-{self.serial()}"
        tables = model.now.temporary
        turn = self.dice.randrange(4)
        if turn == 0:
            if name in tables:
                return self._sql(model, f"create temp table {name} (a text)", "42P07")
            if not may_hold:
                return None
            model.sticky = True
            on_commit = self.dice.choice(("preserve", "delete", "drop") if model.status == "T" else ("preserve", "delete"))
            words = {"preserve": "preserve rows", "delete": "delete rows", "drop": "drop"}[on_commit]
            tables[name] = Temporary([value], on_commit)
            return self._sql(model, f"create temp table {name} on commit {words} as select '{value}'::text as a")
        if name not in tables:
            return self._sql(model, f"select a from {name}", "42P01")
        if turn == 1:
            tables[name].rows.append(value)
            return self._sql(model, f"insert into {name} values ('{value}')")
        if turn == 2:
            del tables[name]
            return self._sql(model, f"drop table pg_temp.{name}")
        return self._sql(model, f"select a from {name}", rows=[[row] for row in tables[name].rows])

    def _prepared(self, model, _, may_hold):
        name = self.dice.choice(NAMES)
        turn = self.dice.randrange(9)
        text, value = self._some_text()
        if turn < 2:
            return self._parse(model, self.dice.choice((name, "")), text, value)
        if turn < 5:
            return self._execute(model, self.dice.choice((name, name, "")))
        if turn == 5:
            model.statements.pop(name, None)
            return Action(f"Close {name}", pgwire.close(b"S", name) + pgwire.sync(), rows=[], status=model.status)
        known = name in model.statements
        if turn == 6:
            if known:
                return self._sql(model, f"prepare {name} as {text}", "42P05")
            if not may_hold:
                return None
            model.sticky = True
            action = self._sql(model, f"prepare {name} as {text}")
            model.statements[name] = value
            return action
        if turn == 7:
            if not known:
                return self._sql(model, f"execute {name}", "26000")
            return self._sql(model, f"execute {name}", rows=[[self._answer(model, model.statements[name])]])
        if self.dice.random() < 0.2:
            action = self._sql(model, "deallocate all", simple=True)
            model.statements.clear()
            return action
        if not known:
            return self._sql(model, f"deallocate {name}", "26000")
        del model.statements[name]
        return self._sql(model, f"deallocate {name}")

    def _some_text(self):
        """Texts that many sessions use, one of them with an answer that is the session's own; and texts of its own."""
        turn = self.dice.randrange(3)
        if turn == 0:
            number = self.dice.randrange(SHARED_TEXTS)
            return f"select 'shared {number}'::text", f"shared {number}"
        if turn == 1:
            return "select nullif(current_setting('my.owner', true), '')", "my.owner"
        value = f"own {self.serial()}"
        return f"select '{value}'::text", value

    @staticmethod
    def _answer(model, value):
        return (model.value("my.owner") or None) if value == "my.owner" else value

    def _parse(self, model, name, text, value):
        data = pgwire.parse(name, text) + pgwire.sync()
        what = f"Parse '{name}' {text}"
        if name and name in model.statements:
            model.failed()
            return Action(what, data, sqlstate="42P05", status=model.status)
        model.statements[name] = value
        return Action(what, data, rows=[], status=model.status)

    def _execute(self, model, name):
        if model.statements.get(name) is ANY:
            return self._look(model) if model.status != "E" else self._sql(model, "select 1", "25P02")
        data = pgwire.bind("", name) + pgwire.describe(b"P", "") + pgwire.execute() + pgwire.sync()
        what = f"Bind and Execute '{name}'"
        if name not in model.statements:
            model.failed()
            return Action(what, data, sqlstate="26000", status=model.status)
        if model.status == "E":
            return Action(what, data, sqlstate="25P02", status="E")
        return Action(what, data, rows=[[self._answer(model, model.statements[name])]], status=model.status)

    def _locks(self, model, alone, may_hold):
        if not alone:
            return None
        key, turn = self.dice.choice(KEYS), self.dice.randrange(6)
        free = not self.locked_by_others(model, key)
        if turn < 2 and may_hold:
            model.sticky = True
            if free:
                model.locks[key] = model.locks.get(key, 0) + 1
            return self._sql(model, f"select pg_try_advisory_lock({key})", rows=[["t" if free else "f"]])
        if turn == 2:
            if free and model.status == "T":
                held = model.now.transaction_locks
                held[key] = held.get(key, 0) + 1
            return self._sql(model, f"select pg_try_advisory_xact_lock({key})", rows=[["t" if free else "f"]])
        if turn == 3:
            model.locks.clear()
            return self._sql(model, "select pg_advisory_unlock_all()")
        held = model.locks.get(key, 0)
        if held:
            model.locks[key] = held - 1
        return self._sql(model, f"select pg_advisory_unlock({key})", rows=[["t" if held else "f"]])

    def _notify(self, model, alone, may_hold):
        if not alone:
            return None
        channel, turn = self.dice.choice(CHANNELS), self.dice.randrange(5)
        if turn == 0 and may_hold:
            model.sticky = True
            model.now.listen_actions.append(("listen", channel))
            return self._sql(model, f"listen {channel}")
        if turn == 1:
            model.now.listen_actions.append(("unlisten", channel))
            return self._sql(model, f"unlisten {channel}")
        payload = f"payload-{self.serial()}"
        model.now.notifies.append((channel, payload))
        if turn == 2:
            return self._sql(model, f"select pg_notify('{channel}', '{payload}')")
        return self._sql(model, f"notify {channel}, '{payload}'")

    def _cursors(self, model, _, may_hold):
        name, turn = self.dice.choice(CURSORS), self.dice.randrange(4)
        cursor = model.cursors.get(name)
        if turn == 0:
            hold = self.dice.random() < 0.4
            marker = 1000 * self.dice.randrange(1, 1000)
            sql = (f"declare {name} cursor {'with hold' if hold else ''} for"
                   f" select a from generate_series({marker}, {marker + 500}) a")
            if model.status == "I" and not hold:
                return self._sql(model, sql, "25P01")
            if cursor:
                return self._sql(model, sql, "42P03")
            if not may_hold:
                return None
            model.sticky = model.sticky or hold
            model.cursors[name] = Cursor(marker, hold, len(model.savepoints))
            return self._sql(model, sql)
        if not cursor:
            return self._sql(model, f"fetch 1 from {name}", "34000")
        if turn == 1:
            del model.cursors[name]
            return self._sql(model, f"close {name}")
        cursor.fetched += 1
        rows = [[str(cursor.marker + cursor.fetched - 1)]] if cursor.fetched <= 501 else []
        return self._sql(model, f"fetch 1 from {name}", rows=rows)

    def _sequences(self, model, _, may_hold):
        if not may_hold:
            return None
        model.drew = True
        if self.dice.random() < 0.5:
            def learn(rows):
                model.sequence = rows[0][0]
            return self._sql(model, "select nextval('public.leak_sequence')", learn=learn)
        sql = self.dice.choice(("select currval('public.leak_sequence')", "select lastval()"))
        if model.sequence is None:
            return self._sql(model, sql, "55000")
        # On a shared connection it may be forgotten, but it is never somebody else's.
        return self._sql(model, sql, rows=[[model.sequence]], or_else="55000" if self.shared else None)

    # Transactions, and the end of everything.

    def _transactions(self, model, alone, may_hold):
        turn = self.dice.randrange(8)
        if model.status == "I":
            if turn == 0 and (alone or not model.concerns_others):
                model.discard_all()
                return self._sql(model, "discard all", simple=True)
            if not may_hold:
                return None
            model.begin()
            return self._sql(model, self.dice.choice(("begin", "start transaction", "begin isolation level repeatable read")))
        if turn < 3 and (alone or not model.concerns_others):
            return self._end(model, ("commit", "rollback", "commit")[turn])
        if turn == 3:
            return self._sql(model, "select 1/0", "22012")
        name = self.dice.choice(("p", "q"))
        if turn == 4 and model.savepoints and (alone or not model.concerns_others):
            name = self.dice.choice(model.savepoints)[0]
            model.rollback_to(name)
            return self._sql(model, f"rollback to {name}")
        if turn == 5 and model.savepoints:
            name = self.dice.choice(model.savepoints)[0]
            model.release(name)
            return self._sql(model, f"release {name}")
        if turn < 7:
            model.savepoint(name)
            return self._sql(model, f"savepoint {name}")
        return self._look(model)

    def _end(self, model, word):
        sent = model.commit() if word == "commit" else model.rollback() or []
        action = self._sql(model, word)
        action.sent = tuple(sent)
        return action


def _quoted(name, value):
    return value if name in ("search_path", "DateStyle") else f"'{value}'"
