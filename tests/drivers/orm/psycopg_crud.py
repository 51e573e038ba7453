"""psycopg 3 with its own prepared statements from the first use on."""

import os

import psycopg

from crowd import crowd, same

print("version: psycopg", psycopg.__version__, "with libpq", psycopg.pq.version())


def connect():
    return psycopg.connect(os.environ["DATABASE_URL"], prepare_threshold=0)


def work(c, number, turn):
    with c.transaction():
        (key,) = c.execute("insert into items (name, amount) values (%s, %s) returning id", (f"item {number}", turn)).fetchone()
    same(c.execute("select amount from items where id = %s", (key,)).fetchone(), (turn,))
    c.execute("update items set amount = amount + 1 where id = %s", (key,))
    c.commit()
    same(c.execute("select amount from items where id = %s", (key,)).fetchone(), (turn + 1,))
    same(c.execute("delete from items where id = %s", (key,)).rowcount, 1)
    c.commit()


crowd(connect, work)
