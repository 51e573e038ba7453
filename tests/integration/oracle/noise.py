"""Other sessions in the script's pool, so that sharing shows.

Two of them take turns in holding a server connection in a transaction. Before each step both have asked for one, and
the one that had it longest gives it back: the script is then lent that one, which is not the one it had before, unless
it has kept its own. With one connection more in the pool than the script has sessions, nobody starves.

They want settings of their own, use the names a script likes for its statements, and check what they see themselves.
"""

import select

import pgwire

_WISHES = (
    (("DateStyle", "German, DMY"), ("TimeZone", "Asia/Tokyo"), ("application_name", "noise-0"),
     ("options", "-c work_mem=777kB -c search_path=pg_catalog -c bytea_output=escape -c extra_float_digits=-3"
                 " -c intervalstyle=iso_8601")),
    (("DateStyle", "SQL, DMY"), ("TimeZone", "Pacific/Auckland"), ("application_name", "noise-1"),
     ("client_encoding", "LATIN1"),
     ("options", "-c work_mem=888kB -c search_path=information_schema -c statement_timeout=55s"
                 " -c default_statistics_target=7")),
)
_LOOK = ("select current_setting('application_name'), current_setting('work_mem'), current_setting('search_path'),"
         " current_setting('TimeZone'), date '2024-12-31'::text, current_user::text")
_SEEN = (["noise-0", "777kB", "pg_catalog", "Asia/Tokyo", "31.12.2024", "postgres"],
         ["noise-1", "888kB", "information_schema", "Pacific/Auckland", "31/12/2024", "postgres"])


class Leaked(AssertionError):
    """A session of the noise saw what is not its own."""


class _Noise:
    def __init__(self, port, database, index):
        self.index, self.turns = index, 0
        self.session = pgwire.Session(port, database=database, parameters=_WISHES[index])
        self.state = "idle"  # idle, asked, open

    def ask(self):
        if self.state == "idle":
            self.state = "asked"
            # Names that scripts use, with another meaning.
            named = b""
            if self.turns == 0:
                for name in ("s1", "s2", "c1"):
                    named += pgwire.parse(name, f"select 'noise {self.index} {name}'::text")
            # An open portal would keep a snapshot, which CREATE INDEX CONCURRENTLY waits for.
            look = (pgwire.parse("", _LOOK) + pgwire.bind("", "") + pgwire.execute() + pgwire.close(b"P", "") + named
                    + pgwire.sync())
            self.session.send(pgwire.query("begin") + look)

    def answered(self, wait):
        """Takes the answers to ask(): one ReadyForQuery for BEGIN, one for the look. False when it still waits."""
        if self.state != "asked":
            return self.state == "open"
        if not wait:
            first = self.session.read_now()
            if first is None:
                return False
            messages = [first] + self.session.until_ready()
        else:
            messages = self.session.until_ready()
        messages += self.session.until_ready()
        rows = pgwire.rows_of(messages)
        if rows != [_SEEN[self.index]] or pgwire.sqlstate_of(messages):
            raise Leaked(f"noise {self.index} expected {_SEEN[self.index]}, saw {pgwire.describe_messages(messages)}")
        self.state = "open"
        return True

    def give_back(self):
        self.turns += 1
        local = f"set local work_mem = '{1000 + self.turns % 7}kB';"
        end = ("commit", "rollback", "savepoint s1; select 1/0; rollback", "commit")[self.turns % 4]
        self.session.send(pgwire.query(local + end))
        self.session.until_ready()
        if self.session.status != "I":
            self.session.ask("rollback")
        self.state = "idle"
        if self.session.notifications:
            raise Leaked(f"noise {self.index} was notified: {self.session.notifications}")


class Noise:
    """before_step() and close() are all there is to it."""

    def __init__(self, port, database):
        self._all = [_Noise(port, database, index) for index in range(len(_WISHES))]
        self._open = []  # the one that has held longest first

    def before_step(self):
        for noise in self._all:
            noise.ask()
        self._take_answers()
        if not self._open:
            self._open.append(self._first_answer())
        self._open.pop(0).give_back()

    def _take_answers(self):
        for noise in self._all:
            if noise not in self._open and noise.answered(wait=False):
                self._open.append(noise)

    def _first_answer(self):
        """At least one connection is not the script's, so somebody is served."""
        asked = [noise for noise in self._all if noise.state == "asked"]
        ready, _, _ = select.select([noise.session for noise in asked], [], [], pgwire.PATIENCE)
        if not ready:
            raise pgwire.TimedOut("no session of the noise got a connection: the script holds more than its own")
        first = next(noise for noise in asked if noise.session is ready[0])
        first.answered(wait=True)
        return first

    def close(self):
        for noise in self._all:
            noise.session.close()
