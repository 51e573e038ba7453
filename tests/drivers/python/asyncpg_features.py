"""The usual features of asyncpg. It prepares every statement; in transaction mode that stays inside transactions."""

import asyncio
import contextlib
import datetime
import json

import asyncpg

from checks import URL, SHARING, needs_session, report, same


async def connect(**more):
    settings = {"application_name": "asyncpg", **more.pop("server_settings", {})}
    return await asyncpg.connect(URL, statement_cache_size=0 if SHARING else 100, server_settings=settings, **more)


def scope(c):
    """Statements of one conversation: a transaction where server connections are shared."""
    return c.transaction() if SHARING else contextlib.AsyncExitStack()


async def basics(c):
    async with scope(c):
        same(await c.fetchval("select 1"), 1)
        same(await c.fetchval("select $1::int + $2::int", 40, 2), 42)
        same(await c.fetchval("select $1::text", None), None)
        when = datetime.datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=datetime.timezone.utc)
        row = await c.fetchrow("select $1::jsonb j, $2::int[] a, $3::bytea b, $4::timestamptz t",
                               json.dumps({"a": 1}), [1, 2], b"\x00\xff", when)
        same((json.loads(row["j"]), row["a"], row["b"], row["t"]), ({"a": 1}, [1, 2], b"\x00\xff", when))
        same(await c.fetchval("select current_setting('application_name')"), "asyncpg")
    same(await c.execute("select 1; select 2"), "SELECT 1")


async def transactions(c):
    await c.execute("drop table if exists asyncpg_items; create table asyncpg_items (id int primary key, name text)")
    async with c.transaction():
        await c.execute("insert into asyncpg_items values (1, 'a')")
        try:
            async with c.transaction():
                await c.execute("insert into asyncpg_items values ($1, $2)", 1, "again")
        except asyncpg.UniqueViolationError as e:
            same((e.sqlstate, e.constraint_name, e.table_name), ("23505", "asyncpg_items_pkey", "asyncpg_items"))
    try:
        async with c.transaction(isolation="serializable"):
            await c.execute("delete from asyncpg_items")
            raise RuntimeError("changed my mind")
    except RuntimeError:
        pass
    async with scope(c):
        same(await c.fetchval("select count(*) from asyncpg_items"), 1)


async def batches(c):
    async with scope(c):
        await c.executemany("insert into asyncpg_items values ($1, $2)", [(i, f"n{i}") for i in range(10, 1010)])
        same(await c.fetchval("select count(*) from asyncpg_items"), 1001)


async def prepared(c):
    if needs_session("prepared statements across transactions"):
        return
    statement = await c.prepare("select $1::int * 2")
    for i in range(10):
        same(await statement.fetchval(i), 2 * i)
    same([p.name for p in statement.get_parameters()], ["int4"])


async def copies(c):
    async with scope(c):
        records = [(i, f"copied {i}") for i in range(5000, 15000)]
        same(await c.copy_records_to_table("asyncpg_items", records=records), "COPY 10000")
        parts = []

        async def keep(data):
            parts.append(data)

        same(await c.copy_from_query("select id from asyncpg_items where id >= 5000", output=keep), "COPY 10000")
        same(len(b"".join(parts).splitlines()), 10000)


async def cursors(c):
    async with c.transaction():
        total = 0
        async for record in c.cursor("select generate_series(1, 20000)", prefetch=333):
            total += record[0]
        same(total, sum(range(1, 20001)))


async def cancelling(c):
    async with scope(c):
        try:
            async with (c.transaction() if SHARING else contextlib.AsyncExitStack()):
                await c.fetchval("select pg_sleep(30)", timeout=0.3)
            same("finished", "timed out")
        except asyncio.TimeoutError:
            same(True, True)
        same(await c.fetchval("select 5"), 5)
    hurried = await connect(server_settings={"statement_timeout": "100"})
    try:
        await hurried.execute("select pg_sleep(5)")
        same("finished", "timed out")
    except asyncpg.QueryCanceledError as e:
        same(e.sqlstate, "57014")
    await hurried.close()


async def notifications():
    if needs_session("LISTEN"):
        return
    listener, c = await connect(), await connect()
    heard = asyncio.get_running_loop().create_future()
    await listener.add_listener("asyncpg_news", lambda *a: heard.done() or heard.set_result(a[3]))
    await c.execute("notify asyncpg_news, 'hello'")
    same(await asyncio.wait_for(heard, 5), "hello")
    await listener.close()
    await c.close()


async def pools():
    if needs_session("asyncpg's pool, which resets by session statements"):
        return
    async with asyncpg.create_pool(URL, min_size=2, max_size=5) as pool:
        same(await asyncio.gather(*(pool.fetchval("select $1::int", i) for i in range(100))), list(range(100)))


async def reconnecting():
    c = await connect()
    try:
        await c.execute("select pg_terminate_backend(pg_backend_pid())")
        same("went on", "an error")
    except (asyncpg.PostgresError, ConnectionError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
        same(True, True)
    again = await connect()
    async with scope(again):
        same(await again.fetchval("select 'again'"), "again")
    await again.close()


async def main():
    c = await connect()
    for feature in (basics, transactions, batches, prepared, copies, cursors, cancelling):
        await feature(c)
    await c.close()
    await notifications()
    await pools()
    await reconnecting()
    report()


asyncio.run(asyncio.wait_for(main(), 90))
