"""The feed of a real pgsidecar in front of a real PostgreSQL: status, events, row changes, loss and return."""

import json
import os
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from ws_wire import CheckedSocket  # noqa: E402

try:
    from ws_postgres import BIN, Postgres, Sidecar, realtime_sql
except ImportError:
    Postgres = None


def setUpModule():
    reason = CheckedSocket.load_schema()
    if Postgres is None or not (BIN / "postgres").exists():
        reason = "python3-psycopg or PostgreSQL 15 is missing; run scripts/install-deps test"
    if reason:
        if os.environ.get("CI"):
            raise RuntimeError(reason)
        print("SKIPPED: " + reason, flush=True)
        raise unittest.SkipTest(reason)


def subscribe(channel, **payload):
    return {"type": "subscribe", "id": "s", "channel": channel, "payload": payload}


class WithDatabase(unittest.TestCase):
    settings = ()
    with_table = True

    @classmethod
    def setUpClass(cls):
        cls.postgres = cls.enterClassContext(Postgres())
        with cls.postgres.connect() as database:
            database.execute("CREATE TABLE tasks (id bigint PRIMARY KEY, title text, secret text)")
            database.execute("CREATE TABLE plain (id int)")

    def setUp(self):
        if self.with_table:
            with self.postgres.connect() as database:
                database.execute(realtime_sql(sys.argv[1]))
                database.execute(realtime_sql(sys.argv[1], "public.tasks", "tasks", "task"))
                database.execute("TRUNCATE tasks")
        self.sidecar = Sidecar(sys.argv[1], self.postgres, *self.settings)
        self.addCleanup(self.sidecar.__exit__)
        if self.with_table:
            self.sidecar.wait(lambda: self.sidecar.info()["changeSourceLive"], "the source is not live")

    def open(self):
        client = self.enterContext(CheckedSocket(self.sidecar.port))
        client.ready = client.read_until("session:ready")["payload"]
        return client


class Poll(WithDatabase):
    settings = ("changes.source=poll", "changes.poll_interval_ms=50", "feed.replay_max_messages=100000",
                "http.queue_slow_timeout_ms=60000")

    def test_a_row_is_an_event_and_a_change_without_its_hidden_columns(self):
        client = self.open()
        self.assertEqual(client.ready["changeSource"], "poll")
        client.ask(subscribe("tasks"))
        client.ask(subscribe("db:public.tasks", changes=[{"table": "tasks", "filter": "title=like.W%"}]))
        with self.postgres.connect() as database:
            database.execute("INSERT INTO tasks VALUES (9007199254740993, 'Write', 'CANARY'), (2, 'Rest', 'CANARY')")
            database.execute("DELETE FROM tasks WHERE id > 2")
        got = [client.read() for _ in range(5)]
        self.assertEqual([(m["type"], m["payload"].get("action") or m["payload"]["eventType"]) for m in got],
                         [("event", "created"), ("change", "INSERT"), ("event", "created"), ("event", "deleted"), ("change", "DELETE")])
        self.assertEqual(got[1]["payload"]["new"], {"id": "9007199254740993", "title": "Write"})
        self.assertEqual(got[1]["payload"]["source"], "poll")
        self.assertEqual(got[1]["payload"]["columns"], [{"name": "id", "type": "int8"}, {"name": "title", "type": "text"}])
        self.assertEqual(got[3]["payload"]["element"], {"type": "task", "id": "9007199254740993"})
        self.assertNotIn("CANARY", json.dumps(got))

    def test_late_commit_of_an_early_transaction_is_not_passed_by(self):
        client = self.open()
        client.ask(subscribe("tasks"))
        with self.postgres.connect() as early, self.postgres.connect() as late:
            early.execute("BEGIN")
            early.execute("INSERT INTO tasks VALUES (10, 'early')")
            late.execute("INSERT INTO tasks VALUES (11, 'late')")
            polls = self.sidecar.metric("pgsidecar_changes_polls_total")
            self.sidecar.wait(lambda: self.sidecar.metric("pgsidecar_changes_polls_total") > polls + 3, "it does not poll")
            early.execute("COMMIT")
        self.assertEqual([client.read()["payload"]["element"]["id"] for _ in range(2)], ["10", "11"])

    def test_thousands_of_rows_in_order_and_none_twice(self):
        client = self.open()
        client.ask(subscribe("tasks"))
        with self.postgres.connect() as database:
            for start in range(0, 4_000, 1_500):
                database.execute("INSERT INTO tasks SELECT g, 't' FROM generate_series(%s::int, %s::int) g", (start, min(start + 1_499, 3_999)))
        ids = [int(client.read_until("event")["payload"]["element"]["id"]) for _ in range(4_000)]
        self.assertEqual(ids, list(range(4_000)))

    def test_nothing_is_lost_while_the_database_is_away_and_order_on_its_return(self):
        client = self.open()
        client.ask(subscribe("tasks"))
        with self.postgres.connect() as database:
            database.execute("INSERT INTO tasks VALUES (20, 'before')")
        self.assertEqual(client.read()["payload"]["element"]["id"], "20")
        self.postgres.stop()
        lost = client.read_until("database:status")
        self.assertIn(lost["payload"]["status"], ("error", "disconnected", "connecting"))
        self.postgres.start()
        with self.postgres.connect() as database:
            database.execute("INSERT INTO tasks VALUES (21, 'back')")
        seen = []
        back = "database:status:connected"
        while "event" not in seen or back not in seen or "database:health" not in seen[seen.index(back):]:
            message = client.read()
            seen.append(message["type"] + (":" + message["payload"]["status"] if message["type"] == "database:status" else ""))
        self.assertNotIn("stream:gap", seen)

    def test_resume_across_a_restart_of_the_sidecar(self):
        before = self.open().ready
        for end in (self.sidecar.end, self.sidecar.kill):
            end()
            self.sidecar.start()
            client = self.open()
            self.assertNotEqual(client.ready["epoch"], before["epoch"])
            client.send({"type": "resume", "id": "r", "payload": {"epoch": before["epoch"], "seq": before["head"]}})
            reply = client.read_until("reply")["payload"]
            self.assertEqual((reply["ok"], reply["result"]["recovered"]), (True, False))
            self.assertEqual(client.read_until("stream:gap")["payload"]["reason"], "epoch-changed")

    def test_old_events_are_deleted_and_nonsense_in_the_table_is_counted(self):
        client = self.open()
        client.ask(subscribe("*"))
        with self.postgres.connect() as database:
            database.execute("INSERT INTO pgsidecar.events (channel, action, element) VALUES ('tasks', 'exploded', '{}'), "
                             "('nowhere', 'created', '{}'), ('tasks', 'created', '[]'), (NULL, 'created', NULL), "
                             "('tasks', 'created', '{\"type\": \"task\", \"id\": \"ok\"}')")
        self.assertEqual(client.read_until("event")["payload"]["element"]["id"], "ok")
        self.assertEqual(self.sidecar.metric('pgsidecar_feed_events_total{outcome="rejected"}'), 4)

    def test_tables_with_row_security_are_not_for_everybody(self):
        with self.postgres.connect() as database:
            database.execute("CREATE TABLE IF NOT EXISTS guarded (id int)")
            database.execute("ALTER TABLE guarded ENABLE ROW LEVEL SECURITY")
        self.sidecar.end()
        tokens = pathlib.Path(self.sidecar.folder + "/tokens")
        tokens.write_text("ann t ops status:read,changes:read:*\nroot r ops *\n")
        self.sidecar.settings = (*self.settings, f"feed.token_file={tokens}")
        self.sidecar.start()
        def answer(token):
            with CheckedSocket(self.sidecar.port, headers={"Authorization": "Bearer " + token}) as client:
                client.read_until("session:ready")
                return client.ask(subscribe("db:public.guarded", wait=True))
        self.assertEqual(answer("t")["error"]["code"], "RLS_REQUIRED")
        self.assertTrue(answer("r")["ok"])


class Notify(WithDatabase):
    settings = ("changes.source=notify", "changes.poll_interval_ms=20000", "changes.poll_idle_ms=20000")

    def test_bell_brings_rows_at_once_and_payloads_are_events(self):
        client = self.open()
        self.assertEqual(client.ready["changeSource"], "notify")
        client.ask(subscribe("tasks"))
        begin = time.monotonic()
        with self.postgres.connect() as database:
            database.execute("INSERT INTO tasks VALUES (1, 'bell')")
            self.assertEqual(client.read_until("event")["payload"]["element"]["id"], "1")
            self.assertLess(time.monotonic() - begin, 5)
            database.execute("SELECT pg_notify('pgsidecar_events', 'nonsense')")
            database.execute("""SELECT pg_notify('pgsidecar_events',
                             '{"channel": "tasks", "action": "updated", "element": {"type": "task", "id": "n"}}')""")
        self.assertEqual(client.read_until("event")["payload"]["element"]["id"], "n")
        self.assertEqual(self.sidecar.metric('pgsidecar_changes_notifications_total{outcome="rejected"}'), 1)

    def test_a_lost_connection_loses_nothing(self):
        client = self.open()
        client.ask(subscribe("tasks"))
        with self.postgres.connect() as database:
            database.execute("INSERT INTO tasks VALUES (2, 'before')")
            client.read_until("event")
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                             "AND backend_type = 'client backend'")
            database.execute("INSERT INTO tasks VALUES (3, 'after')")
        self.assertEqual(client.read_until("event")["payload"]["element"]["id"], "3")


class Proxy(WithDatabase):
    with_table = False

    def test_writes_through_the_sidecar_after_their_commit(self):
        client = self.open()
        self.sidecar.wait(lambda: self.sidecar.info()["changeSource"] == "proxy", "it does not fall back to proxy")
        client.ask(subscribe("db:public.plain"))
        refused = client.ask(subscribe("room:x", changes=[{"table": "plain", "filter": "id=eq.1"}]))
        self.assertEqual(refused["error"]["code"], "SOURCE_UNAVAILABLE")
        with self.sidecar.connect() as application:
            application.execute("BEGIN")
            application.execute("UPDATE plain SET id = 1")
            application.execute("INSERT INTO plain VALUES (1)")
            application.execute("ROLLBACK")
            application.execute("BEGIN")
            application.execute("INSERT INTO plain VALUES (2)")
            application.execute("COMMIT")
            change = client.read_until("change")["payload"]
            self.assertEqual((change["eventType"], change["table"], change["source"]), ("INSERT", "plain", "proxy"))
            self.assertNotIn("new", change)
            application.execute("DELETE FROM plain")
            self.assertEqual(client.read_until("change")["payload"]["eventType"], "DELETE")


class ConnectOrder(unittest.TestCase):
    def greeting(self, *settings, postgres=None, wait_for=None):
        class Nowhere:
            def url(self):
                return "postgres://postgres@127.0.0.1:1/postgres"
        with Sidecar(sys.argv[1], postgres or Nowhere(), *settings) as sidecar:
            def status():
                with CheckedSocket(sidecar.port) as client:
                    return client.read()["payload"]["status"]
            if wait_for:
                sidecar.wait(lambda: status() == wait_for, "never " + wait_for)
            with CheckedSocket(sidecar.port) as client:
                messages = []
                while not messages or messages[-1]["type"] != "session:ready":
                    messages.append(client.read())
                more = client.ask({"type": "database:reconnect", "id": "1"}) if wait_for == "error" else None
                return messages, more

    def test_mock_warns(self):
        messages, _ = self.greeting("mode=mock", wait_for="connected")
        self.assertEqual([m["type"] for m in messages],
                         ["database:status", "database:health", "system:warning", "session:ready"])
        self.assertEqual(messages[2]["payload"]["code"], "MOCK_MODE")

    def test_permanent_error_and_manual_reconnect(self):
        with Postgres() as postgres:
            class Missing:
                def url(self):
                    return postgres.url() + "_missing"
            messages, reply = self.greeting(postgres=Missing(), wait_for="error")
            self.assertEqual([m["type"] for m in messages], ["database:status", "database:error", "session:ready"])
            self.assertFalse(messages[1]["payload"]["recoverable"])
            self.assertTrue(messages[1]["payload"]["resolution"])
            self.assertEqual((reply["ok"], reply["result"]["connected"]), (True, False))

    def test_connected_and_connecting(self):
        with Postgres() as postgres:
            messages, _ = self.greeting(postgres=postgres, wait_for="connected")
            self.assertEqual([m["type"] for m in messages], ["database:status", "database:health", "session:ready"])
        messages, _ = self.greeting()
        self.assertIn(messages[0]["payload"]["status"], ("connecting", "error"))
        self.assertEqual([m["type"] for m in messages][1:], ["database:error", "session:ready"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=1)
