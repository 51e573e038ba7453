"""What a session must see, by PostgreSQL's rules alone. No input or output, no dice."""

import copy
from dataclasses import dataclass, field

# Setting -> what a new session has; None stands for a custom one that is not there or empty.
SETTINGS = {"application_name": "", "work_mem": "4MB", "search_path": '"$user", public', "TimeZone": "Etc/UTC",
            "DateStyle": "ISO, MDY", "statement_timeout": "0", "lock_timeout": "0", "bytea_output": "hex",
            "IntervalStyle": "postgres", "extra_float_digits": "1", "my.owner": None, "my.tenant": None}
USER = "postgres"


@dataclass
class Cursor:
    marker: int
    hold: bool
    level: int        # savepoints around its birth; -1 once it outlived its transaction
    fetched: int = 0


@dataclass
class Temporary:
    rows: list
    on_commit: str    # preserve, delete, drop


@dataclass
class Undoable:
    """What ROLLBACK takes back."""
    settings: dict = field(default_factory=dict)      # name -> (session's value, transaction's value or absent)
    role: str = ""
    temporary: dict = field(default_factory=dict)
    listen_actions: list = field(default_factory=list)
    notifies: list = field(default_factory=list)
    transaction_locks: dict = field(default_factory=dict)


_ABSENT = ...  # survives being copied


class Model:
    def __init__(self, defaults):
        self.defaults = {**SETTINGS, **defaults}
        self.status = "I"
        self.now = Undoable({name: (value, _ABSENT) for name, value in self.defaults.items()})
        self.before = None         # Undoable at BEGIN
        self.savepoints = []       # (name, Undoable)
        self.authorization = USER
        self.statements = {}       # name -> the one value it answers, "" is the unnamed one
        self.cursors = {}
        self.locks = {}            # key -> how often
        self.listens = set()
        self.expected = []         # notifications that must come: (channel, payload)
        self.sequence = None       # its currval
        self.sticky = False        # did something since DISCARD ALL that ties it to a connection
        self.drew = False          # its last step had to do with a sequence

    # Settings.

    def value(self, name):
        session, local = self.now.settings[name]
        return session if local is _ABSENT else local

    def set(self, name, value):
        self.now.settings[name] = (value, _ABSENT)

    def set_local(self, name, value):
        if self.status == "T":
            self.now.settings[name] = (self.now.settings[name][0], value)

    def reset(self, name):
        self.set(name, self.defaults[name])

    def reset_all(self):
        for name in self.defaults:
            self.reset(name)

    @property
    def current_user(self):
        return self.now.role or self.authorization

    # Transactions.

    def begin(self):
        self.status, self.before, self.savepoints = "T", copy.deepcopy(self.now), []

    def failed(self):
        if self.status == "T":
            self.status = "E"
            # An abort lets go of them at once, back to the last savepoint.
            kept = self.savepoints[-1][1].transaction_locks if self.savepoints else {}
            self.now.transaction_locks = dict(kept)

    def savepoint(self, name):
        self.savepoints.append((name, copy.deepcopy(self.now)))

    def _find(self, name):
        return max(index for index, (known, _) in enumerate(self.savepoints) if known == name)

    def rollback_to(self, name):
        index = self._find(name)
        self.now = copy.deepcopy(self.savepoints[index][1])
        del self.savepoints[index + 1:]
        self.cursors = {known: c for known, c in self.cursors.items() if c.level <= index}
        self.status = "T"

    def release(self, name):
        index = self._find(name)
        del self.savepoints[index:]
        for cursor in self.cursors.values():
            cursor.level = min(cursor.level, index)

    def commit(self):
        """Returns the notifications that go out now."""
        if self.status == "E":
            self.rollback()
            return []
        now = self.now
        now.settings = {name: (session, _ABSENT) for name, (session, _) in now.settings.items()}
        for name, table in list(now.temporary.items()):
            self._end_for_table(name, table)
        for cursor in self.cursors.values():
            cursor.level = -1 if cursor.hold else cursor.level
        self.cursors = {name: c for name, c in self.cursors.items() if c.level < 0}
        for action, channel in now.listen_actions:
            if action == "listen":
                self.listens.add(channel)
            else:
                self.listens.discard(channel)
        sent = now.notifies
        self._ended()
        return sent

    def rollback(self):
        self.now = self.before
        self.cursors = {name: c for name, c in self.cursors.items() if c.level < 0}
        self._ended()

    def _ended(self):
        self.status, self.before, self.savepoints = "I", None, []
        self.now.listen_actions, self.now.notifies, self.now.transaction_locks = [], [], {}

    def _end_for_table(self, name, table):
        if table.on_commit == "drop":
            del self.now.temporary[name]
        elif table.on_commit == "delete":
            table.rows = []

    def statement_done(self):
        """Outside a transaction block each statement is one."""
        if self.status == "I":
            self.begin()
            return self.commit()
        return []

    def discard_all(self):
        self.reset_all()
        self.now = Undoable(self.now.settings)
        self.authorization = USER
        self.statements, self.cursors, self.locks, self.listens = {}, {}, {}, set()
        self.sequence, self.sticky = None, False

    # What others must know.

    def holds(self, key):
        return self.locks.get(key, 0) > 0 or self.now.transaction_locks.get(key, 0) > 0

    @property
    def keys(self):
        return {key for key in (*self.locks, *self.now.transaction_locks) if self.holds(key)}

    @property
    def busy(self):
        """Needs its connection for longer than one statement."""
        return self.status != "I" or self.sticky or self.drew

    @property
    def concerns_others(self):
        return bool(self.keys or self.listens or self.now.notifies or self.now.listen_actions)
