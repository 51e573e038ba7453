"""psycopg 3 against mode mock: everything succeeds, nothing is stored."""

import datetime
import os
import uuid

import psycopg

checks = 0


def same(actual, expected):
    global checks
    assert actual == expected, f"got {actual!r}, expected {expected!r}"
    checks += 1


with psycopg.connect(os.environ["DATABASE_URL"]) as c:
    same(c.info.server_version, 150000)
    same(c.execute("select 1").fetchone(), (1,))
    some = uuid.uuid4()
    at = datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone.utc)
    for binary in (False, True):
        row = c.execute("select %s, %s, %s::int, %s, %s", (some, at, 5, True, "x"), binary=binary).fetchone()
        same(row, (some, at, 5, True, "x"))
    c.execute("create table psycopg_items (id int primary key, name text)")
    same(c.execute("insert into psycopg_items values (%s, %s) returning id, name", (1, "a")).fetchall(), [(1, "a")])
    with c.transaction():
        same(c.execute("update psycopg_items set name = %s where id = %s", ("b", 1)).rowcount, 0)
        try:
            with c.transaction():
                c.execute("selec")
        except psycopg.errors.SyntaxError:
            pass
        same(c.execute("select count(*) from psycopg_items").fetchone(), (0,))
    with c.cursor() as cursor:
        cursor.executemany("insert into psycopg_items values (%s, %s)", [(1, "a"), (2, "b")])
        same(cursor.rowcount, 2)
        with cursor.copy("copy psycopg_items from stdin") as copy:
            copy.write_row((1, "a"))
            copy.write_row((2, "b"))
        same(cursor.rowcount, 2)
    with c.cursor("named") as cursor:
        cursor.execute("values (1), (2), (3)")
        same(cursor.fetchall(), [(1,), (2,), (3,)])
    with c.pipeline():
        one, two = c.execute("select 1"), c.execute("select 2")
    same((one.fetchone(), two.fetchone()), ((1,), (2,)))
    for i in range(8):  # prepares after five
        same(c.execute("select %s + 1", (i,)).fetchone(), (i + 1,))
print(f"{checks} checks ok")
