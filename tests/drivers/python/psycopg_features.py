"""The usual features of psycopg 3."""

import os
import datetime
import threading
import time

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from checks import URL, SHARING, needs_session, report, same


def connect(**more):
    # Named statements appear after five uses; shared connections do not have them yet.
    return psycopg.connect(URL, application_name="psycopg", prepare_threshold=None if SHARING else 5, **more)


def basics(c):
    same(c.execute("select 1").fetchone(), (1,))
    same(c.execute("select %s::int + %s::int", (40, 2)).fetchone(), (42,))
    same(c.execute("select %s::text", (None,)).fetchone(), (None,))
    when = datetime.datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=datetime.timezone.utc)
    row = c.execute("select %s, %s, %s, %s::timestamptz", (Jsonb({"a": [1]}), [1, 2], b"\x00\xff", when)).fetchone()
    same(row[:3], ({"a": [1]}, [1, 2], b"\x00\xff"))
    same(row[3], when)
    with c.cursor(binary=True, row_factory=dict_row) as cursor:
        same(cursor.execute("select 7::int8 as n, now() is not null as t").fetchone(), {"n": 7, "t": True})
    same(c.execute("show application_name").fetchone(), ("psycopg",))
    c.commit()


def transactions(c):
    c.execute("drop table if exists psycopg_items")
    c.execute("create table psycopg_items (id int primary key, name text not null)")
    c.commit()
    with c.transaction():
        c.execute("insert into psycopg_items values (1, 'a')")
        try:
            with c.transaction():
                c.execute("insert into psycopg_items values (1, 'again')")
        except errors.UniqueViolation as e:
            same(e.diag.constraint_name, "psycopg_items_pkey")
            same(e.diag.table_name, "psycopg_items")
            same(e.sqlstate, "23505")
    try:
        with c.transaction():
            c.execute("insert into psycopg_items values (2, 'b')")
            raise RuntimeError("changed my mind")
    except RuntimeError:
        pass
    same(c.execute("select count(*) from psycopg_items").fetchone(), (1,))
    try:
        c.execute("select 1/0")
    except errors.DivisionByZero:
        same(c.info.transaction_status, psycopg.pq.TransactionStatus.INERROR)
    c.rollback()
    c.autocommit = True
    same(c.execute("select 3").fetchone(), (3,))
    c.autocommit = False


def prepared(c):
    if needs_session("server-side prepared statements"):
        return
    for i in range(20):
        same(c.execute("select %s::int * 2", (i,), prepare=True).fetchone(), (2 * i,))
    c.commit()


def batches(c):
    with c.cursor() as cursor:
        cursor.executemany("insert into psycopg_items values (%s, %s)", [(i, f"n{i}") for i in range(10, 510)])
        same(cursor.rowcount, 500)
    c.commit()
    with c.pipeline():
        cursors = [c.execute("select %s::int", (i,)) for i in range(100)]
    same([x.fetchone()[0] for x in cursors], list(range(100)))
    c.commit()
    try:
        with c.pipeline() as p:
            c.execute("insert into psycopg_items values (1000, 'x')")
            c.execute("insert into psycopg_items values (10, 'duplicate')")
            p.sync()
    except errors.UniqueViolation:
        pass
    c.rollback()
    same(c.execute("select count(*) from psycopg_items where id = 1000").fetchone(), (0,))
    c.commit()


def copies(c):
    with c.cursor() as cursor:
        with cursor.copy("copy psycopg_items from stdin") as copy:
            for i in range(2000, 12000):
                copy.write_row((i, f"copied {i}"))
        same(cursor.rowcount, 10000)
        with cursor.copy("copy (select id from psycopg_items where id >= 2000 order by id) to stdout") as copy:
            copy.set_types(["int4"])
            same(sum(row[0] for row in copy.rows()), sum(range(2000, 12000)))
    c.commit()
    try:
        with c.cursor() as cursor, cursor.copy("copy psycopg_items from stdin") as copy:
            copy.write("not a number\tx\n")
    except errors.InvalidTextRepresentation as e:
        same(e.sqlstate, "22P02")
    c.rollback()
    try:
        with c.cursor() as cursor, cursor.copy("copy psycopg_items from stdin") as copy:
            copy.write_row((99999, "x"))
            raise RuntimeError("given up")
    except (RuntimeError, errors.QueryCanceled):
        pass
    c.rollback()
    same(c.execute("select count(*) from psycopg_items where id = 99999").fetchone(), (0,))
    c.commit()


def cursors(c):
    with c.cursor(name="server_side") as cursor:
        cursor.itersize = 500
        cursor.execute("select generate_series(1, 20000)")
        same(sum(row[0] for row in cursor), sum(range(1, 20001)))
    c.commit()
    same(sum(1 for _ in c.cursor().stream("select generate_series(1, 5000)")), 5000)
    c.commit()


def cancel_once_it_runs(c):
    """A cancel that overtakes the statement would strike nothing."""
    with connect(autocommit=True) as observer:
        running = "select 1 from pg_stat_activity where state = 'active' and query like '%''psycopg_c' || 'ancel%'"
        while observer.execute(running).fetchone() is None:
            pass
    c.cancel()


def cancelling(c):
    canceller = threading.Thread(target=cancel_once_it_runs, args=(c,))
    canceller.start()
    begin = time.monotonic()
    try:
        c.execute("select pg_sleep(30), 'psycopg_cancel'")
        same("finished", "cancelled")
    except errors.QueryCanceled:
        same(time.monotonic() - begin < 5, True)
    canceller.join()
    c.rollback()
    with connect(options="-c statement_timeout=100") as hurried:
        try:
            hurried.execute("select pg_sleep(5)")
        except errors.QueryCanceled as e:
            same(e.sqlstate, "57014")


def notifications():
    if needs_session("LISTEN"):
        return
    with connect(autocommit=True) as listener, connect(autocommit=True) as c:
        listener.execute("listen psycopg_news")
        c.execute("notify psycopg_news, 'hello'")
        for notify in listener.notifies():
            same(notify.payload, "hello")
            break


def notices(c):
    heard = []
    c.add_notice_handler(lambda d: heard.append((d.severity, d.message_primary, d.message_hint)))
    c.execute("do $$ begin raise warning 'mind %', 7 using hint = 'the gap'; end $$")
    same(heard, [("WARNING", "mind 7", "the gap")])
    c.commit()


def reconnecting():
    c = connect()
    try:
        c.execute("select pg_terminate_backend(pg_backend_pid())")
        same("went on", "an error")
    except psycopg.OperationalError:
        if os.environ["PGS_MODE"] == "direct":
            same(c.closed, True)
        else:  # behind the sidecar the session outlives its server connection
            c.rollback()
            same(c.execute("select 'went on'").fetchone(), ("went on",))
    with connect() as again:
        same(again.execute(sql.SQL("select {}").format(sql.Literal("again"))).fetchone(), ("again",))


with connect() as connection:
    for feature in (basics, transactions, prepared, batches, copies, cursors, cancelling, notices):
        feature(connection)
notifications()
reconnecting()
report()
