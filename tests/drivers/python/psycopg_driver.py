"""psycopg 3's usual features. Environment: see checks.py."""

import asyncio
import datetime
import decimal
import threading
import uuid

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

import checks

UTC = datetime.timezone.utc
# Names of server-side prepared statements live in a session.
OPTIONS = {"prepare_threshold": None} if checks.TRANSACTION_MODE else {}


def connect(**more):
    return psycopg.connect(checks.URL, **{**OPTIONS, **more})


def connecting():
    with connect(application_name="psycopg test", options="-c work_mem=4321kB") as conn:
        checks.same("application_name", conn.execute("show application_name").fetchone()[0], "psycopg test")
        checks.same("start-up option", conn.execute("show work_mem").fetchone()[0], "4321kB")
        checks.same("encoding", conn.info.encoding, "utf-8")
        checks.same("server_version", conn.info.server_version // 10000, 15)
        checks.same("dbname", conn.info.dbname, "app")
        checks.same("ParameterStatus", conn.info.parameter_status("standard_conforming_strings"), "on")
    checks.true("closed", conn.closed)


def parameters():
    values = [
        ("int", 42), ("bigint", 2**62), ("float8", 1.25), ("numeric", decimal.Decimal("12345678901234567890.125")),
        ("bool", True), ("text", "gr\u00fc\u00df 'quoted' \\ \U0001f418"), ("bytea", bytes(range(256))), ("int", None),
        ("int[]", [1, None, 3]), ("text[]", ["a,b", '"', "{}", "NULL", ""]), ("int[]", [[1, 2], [3, 4]]),
        ("jsonb", Jsonb({"a": [1, {"b": None}], "u": "\u00e9"})),
        ("timestamptz", datetime.datetime(2024, 2, 29, 23, 59, 59, 123456, UTC)),
        ("timestamp", datetime.datetime(1999, 12, 31, 0, 0)), ("date", datetime.date(2000, 1, 1)),
        ("time", datetime.time(1, 2, 3, 4)), ("interval", datetime.timedelta(days=-3, microseconds=7)),
        ("uuid", uuid.UUID(int=2**127 + 5)),
    ]
    with connect() as conn:
        for binary in (False, True):
            cur = conn.cursor(binary=binary)
            for number, (kind, value) in enumerate(values):
                mark = "%b" if binary else "%t"
                got = cur.execute(f"select {mark}::{kind}", (value,)).fetchone()[0]
                want = value.obj if isinstance(value, Jsonb) else value
                checks.same(f"parameter {number} {kind} binary={binary}", got, want)
        row = conn.cursor(row_factory=dict_row).execute("select 1 as a, 'x' as b").fetchone()
        checks.same("dict row", row, {"a": 1, "b": "x"})
        checks.same("client cursor", psycopg.ClientCursor(conn).execute("select %s", ("it's",)).fetchone()[0], "it's")


def large_parameters():
    with connect() as conn:
        for size in (100_000, 10_000_000):
            value = b"\x00\xff" * (size // 2)
            checks.same(f"parameter of {size}", conn.execute("select length(%b)", (value,)).fetchone()[0], size)
            checks.true(f"value of {size}", conn.execute("select %b", (value,)).fetchone()[0] == value)


def prepared():
    if checks.TRANSACTION_MODE:
        checks.left("prepared statements", "named prepared statements")
        return
    with connect(prepare_threshold=0) as conn:
        for number in range(20):
            conn.execute("select %s::int + 1", (number,))
        names = "select count(*) from pg_prepared_statements where statement like '%+ 1'"
        checks.same("prepared statements", conn.execute(names, prepare=False).fetchone()[0], 1)


def transactions():
    with connect(autocommit=True) as conn:
        conn.execute("drop table if exists psycopg_t; create table psycopg_t (id int primary key, v text)")
        with conn.transaction():
            conn.execute("insert into psycopg_t values (1, 'kept')")
            with conn.transaction(savepoint_name="inner"), conn.transaction(force_rollback=True):
                conn.execute("insert into psycopg_t values (2, 'undone')")
            with checks.raises("error in a savepoint", psycopg.errors.DivisionByZero), conn.transaction():
                conn.execute("select 1/0")
            conn.execute("insert into psycopg_t values (3, 'kept')")
        checks.same("savepoints", conn.execute("select id from psycopg_t order by 1").fetchall(), [(1,), (3,)])
    conn = connect()
    conn.execute("insert into psycopg_t values (4, 'undone')")
    checks.same("status in a transaction", conn.info.transaction_status.name, "INTRANS")
    with checks.raises("unique violation", psycopg.errors.UniqueViolation) as caught:
        conn.execute("insert into psycopg_t values (1, 'again')")
    diag = caught[0].diag
    checks.same("error fields", (diag.sqlstate, diag.severity, diag.schema_name, diag.table_name,
                                 diag.constraint_name, diag.message_detail),
                ("23505", "ERROR", "public", "psycopg_t", "psycopg_t_pkey", "Key (id)=(1) already exists."))
    checks.same("status after an error", conn.info.transaction_status.name, "INERROR")
    with checks.raises("failed transaction", psycopg.errors.InFailedSqlTransaction):
        conn.execute("select 1")
    conn.rollback()
    checks.same("rolled back", conn.execute("select count(*) from psycopg_t").fetchone()[0], 2)
    conn.rollback()
    conn.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    conn.read_only = True
    checks.same("isolation", conn.execute("show transaction_isolation").fetchone()[0], "serializable")
    with checks.raises("read-only", psycopg.errors.ReadOnlySqlTransaction):
        conn.execute("delete from psycopg_t")
    conn.close()


def errors():
    with connect(autocommit=True) as conn:
        with checks.raises("syntax error", psycopg.errors.SyntaxError) as caught:
            conn.execute("select 1 frm x")
        checks.same("error position", caught[0].diag.statement_position, "14")
        notices = []
        conn.add_notice_handler(lambda diag: notices.append((diag.severity, diag.message_primary)))
        conn.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
        checks.same("notices", notices, [("NOTICE", "one"), ("WARNING", "two")])
        cur = conn.execute("select 1; select 2, 3; create table if not exists psycopg_t (id int)")
        sets = [cur.fetchall()]
        while cur.nextset():
            sets.append(cur.fetchall() if cur.description else cur.statusmessage)
        checks.same("several statements", sets, [[(1,)], [(2, 3)], "CREATE TABLE"])
        checks.same("empty statement", conn.execute("").pgresult.status, 0)


def batches():
    with connect() as conn:
        conn.execute("create table if not exists psycopg_batch (id int, v text); truncate psycopg_batch")
        cur = conn.cursor()
        cur.executemany("insert into psycopg_batch values (%s, %s)", [(n, str(n)) for n in range(500)])
        checks.same("executemany", cur.rowcount, 500)
        cur.executemany("insert into psycopg_batch values (%s, 'r') returning id", [(n,) for n in range(5)],
                        returning=True)
        ids = [cur.fetchone()[0]]
        while cur.nextset():
            ids.append(cur.fetchone()[0])
        checks.same("executemany returning", ids, list(range(5)))
        conn.commit()
    with connect(autocommit=True) as conn, conn.pipeline() as pipe:
        cursors = [conn.execute("select %s::int * 2", (n,)) for n in range(300)]
        pipe.sync()
        checks.same("pipeline", sum(cur.fetchone()[0] for cur in cursors), sum(range(300)) * 2)
        good, bad, after = conn.execute("select 1"), conn.execute("select 1/0"), conn.execute("select 2")
        with checks.raises("pipeline error", psycopg.errors.DivisionByZero):
            bad.fetchone()
        checks.same("before the pipeline error", good.fetchone(), (1,))
        with checks.raises("after the pipeline error", psycopg.ProgrammingError):
            after.fetchone()
        pipe.sync()
        conn.execute("select 1")
        checks.same("pipeline goes on", conn.execute("select 7").fetchone(), (7,))


def copying():
    with connect() as conn:
        conn.execute("create table if not exists psycopg_copy (id int, t text, b bytea); truncate psycopg_copy")
        cur = conn.cursor()
        with cur.copy("copy psycopg_copy from stdin") as copy:
            for n in range(20_000):
                copy.write_row((n, f"tab\t and \\ {n}", bytes([n % 256])))
        checks.same("copy in", cur.rowcount, 20_000)
        conn.commit()
        with cur.copy("copy psycopg_copy (id, t) from stdin (format binary)") as copy:
            copy.set_types(["int4", "text"])
            copy.write_row((-1, "binary"))
        with cur.copy("copy (select id, t, b from psycopg_copy order by id limit 3) to stdout") as copy:
            copy.set_types(["int4", "text", "bytea"])
            rows = list(copy.rows())
        checks.same("copy out", rows, [(-1, "binary", None), (0, "tab\t and \\ 0", b"\0"), (1, "tab\t and \\ 1", b"\1")])
        with cur.copy("copy (select repeat('x', 1000) from generate_series(1, 5000)) to stdout") as copy:
            checks.same("copy out bytes", sum(len(block) for block in copy), 5_005_000)
        conn.commit()
        with checks.raises("copy given up", ZeroDivisionError):
            with cur.copy("copy psycopg_copy from stdin") as copy:
                copy.write_row((1, "x", None))
                1 / 0
        conn.rollback()
        with checks.raises("copy of nonsense", psycopg.errors.InvalidTextRepresentation):
            with cur.copy("copy psycopg_copy from stdin") as copy:
                copy.write("not a number\tx\t\\N\n")
        conn.rollback()
        checks.same("after copy errors", cur.execute("select count(*) from psycopg_copy").fetchone()[0], 20_001)


def large_results():
    with connect() as conn:
        rows = conn.execute("select n, md5(n::text) from generate_series(1, 100000) n").fetchall()
        checks.same("100,000 rows", (len(rows), rows[-1][0]), (100_000, 100_000))
        with conn.cursor("psycopg_cursor") as cur:
            cur.itersize = 1000
            cur.execute("select n from generate_series(1, 20000) n")
            checks.same("server cursor", sum(row[0] for row in cur), 20_000 * 20_001 // 2)
        with conn.cursor("psycopg_scroll", scrollable=True) as cur:
            cur.execute("select n from generate_series(1, 100) n")
            cur.scroll(50)
            checks.same("scroll", cur.fetchone(), (51,))
        checks.same("stream", sum(r[0] for r in conn.cursor().stream("select generate_series(1, 5000)")), 12_502_500)


def timeouts():
    with connect() as conn:
        timer = threading.Timer(0.3, conn.cancel)
        timer.start()
        with checks.raises("cancel", psycopg.errors.QueryCanceled) as caught:
            conn.execute("select pg_sleep(30)")
        timer.join()
        checks.same("cancel's state", caught[0].sqlstate, "57014")
        conn.rollback()
        conn.execute("set local statement_timeout = '100ms'")
        with checks.raises("statement_timeout", psycopg.errors.QueryCanceled):
            conn.execute("select pg_sleep(30)")
        conn.rollback()
        checks.same("after a timeout", conn.execute("select 1").fetchone(), (1,))
    with connect(options="-c statement_timeout=100ms") as conn:
        with checks.raises("statement_timeout at start-up", psycopg.errors.QueryCanceled):
            conn.execute("select pg_sleep(30)")
    with connect(autocommit=True) as one, connect(autocommit=True) as other:
        with one.transaction():
            one.execute("lock table psycopg_t")
            with checks.raises("lock_timeout", psycopg.errors.LockNotAvailable), other.transaction():
                other.execute("set local lock_timeout = '50ms'")
                other.execute("lock table psycopg_t")


def session_only():
    names = ["listen", "backend pid", "temporary table", "advisory lock", "cursor with hold", "set", "terminated"]
    if checks.TRANSACTION_MODE:
        for name in names:
            checks.left(name, "belongs to a session")
        return
    with connect(autocommit=True) as conn, connect(autocommit=True) as other:
        conn.execute("listen psycopg_channel")
        other.execute("select pg_notify('psycopg_channel', 'payload ' || n) from generate_series(1, 3) n")
        heard = []
        for notification in conn.notifies():
            heard.append((notification.channel, notification.payload))
            if len(heard) == 3:
                break
        checks.same("listen", heard, [("psycopg_channel", f"payload {n}") for n in (1, 2, 3)])
        pid = conn.execute("select pg_backend_pid()").fetchone()[0]
        checks.same("backend pid", pid == conn.info.backend_pid, True)
        conn.execute("create temporary table psycopg_temp as select 5 as v")
        checks.same("temporary table", conn.execute("select v from psycopg_temp").fetchone(), (5,))
        conn.execute("select pg_advisory_lock(77)")
        checks.same("advisory lock", other.execute("select pg_try_advisory_lock(77)").fetchone(), (False,))
        conn.execute("declare held cursor with hold for select generate_series(1, 10)")
        checks.same("cursor with hold", conn.execute("fetch 2 from held").fetchall(), [(1,), (2,)])
        conn.execute("set search_path to pg_catalog")
        checks.same("set", conn.execute("show search_path").fetchone()[0], "pg_catalog")
        other.execute("select pg_terminate_backend(%s)", (pid,))
        with checks.raises("terminated", psycopg.errors.AdminShutdown):
            conn.execute("select 1")


def reconnecting():
    for _ in range(30):
        with connect() as conn:
            conn.execute("select 1")
    conn = connect(autocommit=True)
    conn.close()
    with checks.raises("use after close", psycopg.OperationalError):
        conn.execute("select 1")
    with connect(autocommit=True) as conn:
        checks.same("reconnect", conn.execute("select 'again'").fetchone(), ("again",))
        query = sql.SQL("select count(*) from {}").format(sql.Identifier("psycopg_batch"))
        checks.same("quoted identifier", conn.execute(query).fetchone()[0], 505)
        conn.execute("drop table psycopg_t, psycopg_batch, psycopg_copy")


async def asynchronous():
    async def one(number):
        async with await psycopg.AsyncConnection.connect(checks.URL, **OPTIONS) as conn:
            cur = await conn.execute("select %s::int, pg_sleep(0.01)", (number,))
            return (await cur.fetchone())[0]
    results = await asyncio.gather(*(one(number) for number in range(8)))
    checks.same("8 asynchronous clients", results, list(range(8)))


connecting()
parameters()
prepared()
transactions()
errors()
batches()
copying()
large_results()
timeouts()
session_only()
reconnecting()
asyncio.run(asynchronous())
large_parameters()
checks.finish()
