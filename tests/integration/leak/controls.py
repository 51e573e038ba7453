"""What the test is tried on, to show that it sees what is there and nothing else."""

import pgwire


class DirectWay:
    """Each session has a server connection of its own: nothing may be found."""

    def __init__(self, port):
        self.port = port

    def session(self, parameters):
        return pgwire.Session(self.port, parameters=parameters)


class LeakyWay:
    """A pool that lends connections after each transaction as they are, with no care at all."""

    def __init__(self, port, size, dice):
        self.dice = dice
        self.free = [pgwire.Session(port) for _ in range(size)]

    def session(self, parameters):
        return _Borrower(self)


class _Borrower:
    """Looks like a pgwire.Session."""

    def __init__(self, pool):
        self.pool, self.lent, self.closed, self.asked = pool, None, False, b""
        self.notifications, self.status = [], "I"

    def send(self, data):
        self.asked += data

    def until_ready(self):
        if self.lent is None:
            self.lent = self.pool.free.pop(self.pool.dice.randrange(len(self.pool.free)))
        self.lent.send(self.asked)
        self.asked = b""
        messages = self.lent.until_ready()
        self.status = self.lent.status
        self.notifications += self.lent.notifications
        self.lent.notifications = []
        if self.status == "I":
            self.pool.free.append(self.lent)
            self.lent = None
        return messages

    def read_now(self):
        return None

    def read(self, deadline=None):
        raise pgwire.TimedOut("the connection belongs to somebody else now")

    def terminate(self):
        if self.lent is not None:
            self.lent.ask("rollback")
            self.pool.free.append(self.lent)
            self.lent = None
        self.closed = True

    close = terminate
