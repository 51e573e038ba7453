"""asyncpg's usual features. Environment: see checks.py."""

import asyncio
import datetime
import decimal
import io
import json
import uuid

import asyncpg

import checks

UTC = datetime.timezone.utc
# asyncpg names its prepared statements, which live in a session, unless its cache is off.
OPTIONS = {"statement_cache_size": 0} if checks.TRANSACTION_MODE else {}


async def connect(**more):
    return await asyncpg.connect(checks.URL, **{**OPTIONS, **more})


async def connecting():
    conn = await connect(server_settings={"application_name": "asyncpg test", "work_mem": "4321kB"})
    checks.same("application_name", await conn.fetchval("show application_name"), "asyncpg test")
    checks.same("start-up setting", await conn.fetchval("show work_mem"), "4321kB")
    checks.same("server_version", conn.get_server_version().major, 15)
    checks.same("encoding", conn.get_settings().client_encoding, "UTF8")
    await conn.close()
    checks.true("closed", conn.is_closed())


async def parameters(conn):
    values = [
        ("int", 42), ("bigint", 2**62), ("float8", 1.25), ("numeric", decimal.Decimal("1234567890123456789.125")),
        ("bool", True), ("text", "gr\u00fc\u00df 'quoted' \\ \U0001f418"), ("bytea", bytes(range(256))), ("int", None),
        ("int[]", [1, None, 3]), ("text[]", ["a,b", '"', "{}", "NULL", ""]), ("int[]", [[1, 2], [3, 4]]),
        ("timestamptz", datetime.datetime(2024, 2, 29, 23, 59, 59, 123456, UTC)),
        ("timestamp", datetime.datetime(1999, 12, 31)), ("date", datetime.date(2000, 1, 1)),
        ("time", datetime.time(1, 2, 3, 4)), ("interval", datetime.timedelta(days=-3, microseconds=7)),
        ("uuid", uuid.UUID(int=2**127 + 5)), ("int4range", asyncpg.Range(1, 5)), ("point", asyncpg.Point(1, 2)),
    ]
    for number, (kind, value) in enumerate(values):
        checks.same(f"parameter {number} {kind}", await conn.fetchval(f"select $1::{kind}", value), value)
    row = await conn.fetchrow("select 1 as a, 'x' as b")
    checks.same("record", dict(row), {"a": 1, "b": "x"})


async def codecs():
    if checks.TRANSACTION_MODE:
        checks.left("json codec", "asyncpg asks for the types with a prepared statement")
        checks.left("composite type", "asyncpg asks for the types with a prepared statement")
        return
    conn = await connect()
    await conn.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    document = {"a": [1, {"b": None}], "u": "\u00e9"}
    checks.same("json codec", await conn.fetchval("select $1::jsonb", document), document)
    await conn.execute("drop type if exists asyncpg_pair; create type asyncpg_pair as (a int, b text)")
    checks.same("composite type", tuple(await conn.fetchval("select $1::asyncpg_pair", (1, "x"))), (1, "x"))
    await conn.execute("drop type asyncpg_pair")
    await conn.close()


async def prepared():
    names = ["prepared statement", "prepared attributes", "statement cache"]
    if checks.TRANSACTION_MODE:
        for name in names:
            checks.left(name, "named prepared statements")
        return
    conn = await connect()
    statement = await conn.prepare("select $1::int + n as total from generate_series(1, 3) n")
    checks.same(names[0], [[r["total"] for r in await statement.fetch(k)] for k in (0, 10)], [[1, 2, 3], [11, 12, 13]])
    checks.same(names[1], [(a.name, a.type.name) for a in statement.get_attributes()], [("total", "int4")])
    for number in range(200):
        await conn.fetchval(f"select {number} + $1::int", number)
    checks.same(names[2], await conn.fetchval("select count(*) <= 102 from pg_prepared_statements"), True)
    await conn.close()


async def transactions(conn):
    await conn.execute("drop table if exists asyncpg_t; create table asyncpg_t (id int primary key, v text)")
    async with conn.transaction():
        await conn.execute("insert into asyncpg_t values (1, $1)", "kept")
        inner = conn.transaction()
        await inner.start()
        await conn.execute("insert into asyncpg_t values (2, 'undone')")
        await inner.rollback()
        with checks.raises("error in a savepoint", asyncpg.DivisionByZeroError):
            async with conn.transaction():
                await conn.execute("select 1/0")
        await conn.execute("insert into asyncpg_t values (3, 'kept')")
    checks.same("savepoints", [r[0] for r in await conn.fetch("select id from asyncpg_t order by 1")], [1, 3])
    with checks.raises("failed transaction", asyncpg.InFailedSQLTransactionError):
        async with conn.transaction():
            with checks.raises("unique violation", asyncpg.UniqueViolationError) as caught:
                await conn.execute("insert into asyncpg_t values (1, 'again')")
            await conn.execute("select 1")
    error = caught[0]
    checks.same("error fields", (error.sqlstate, error.severity, error.table_name, error.constraint_name, error.detail),
                ("23505", "ERROR", "asyncpg_t", "asyncpg_t_pkey", "Key (id)=(1) already exists."))
    async with conn.transaction(isolation="serializable", readonly=True):
        checks.same("isolation", await conn.fetchval("show transaction_isolation"), "serializable")
        with checks.raises("read-only", asyncpg.ReadOnlySQLTransactionError):
            async with conn.transaction():
                await conn.execute("delete from asyncpg_t")


async def errors(conn):
    with checks.raises("syntax error", asyncpg.PostgresSyntaxError) as caught:
        await conn.execute("select 1 frm x")
    checks.same("error position", caught[0].position, "14")
    with checks.raises("wrong argument", asyncpg.DataError):
        await conn.fetchval("select $1::int", "text")
    notices = []
    conn.add_log_listener(lambda _, message: notices.append((message.severity, message.message)))
    await conn.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
    await conn.execute("select 1")
    checks.same("notices", notices, [("NOTICE", "one"), ("WARNING", "two")])
    checks.same("several statements", await conn.execute("select 1; select 2; select 3"), "SELECT 1")


async def batches(conn):
    await conn.execute("create table if not exists asyncpg_batch (id int, v text); truncate asyncpg_batch")
    await conn.executemany("insert into asyncpg_batch values ($1, $2)", [(n, str(n)) for n in range(2000)])
    checks.same("executemany", await conn.fetchval("select sum(id) from asyncpg_batch"), 1_999_000)
    with checks.raises("executemany error", asyncpg.DivisionByZeroError):
        await conn.executemany("insert into asyncpg_batch values (10 / $1::int)", [(n,) for n in (1, 2, 0, 4)])
    checks.same("all or nothing", await conn.fetchval("select count(*) from asyncpg_batch"), 2000)


async def copying(conn):
    await conn.execute("create table if not exists asyncpg_copy (id int, t text, b bytea); truncate asyncpg_copy")
    rows = [(n, f"tab\t and \\ {n}", bytes([n % 256])) for n in range(20_000)]
    checks.same("copy records", await conn.copy_records_to_table("asyncpg_copy", records=rows), "COPY 20000")
    out = io.BytesIO()
    status = await conn.copy_from_query("select id, t from asyncpg_copy where id < $1 order by 1", 2,
                                        output=out, format="csv", delimiter=";")
    checks.same("copy out", (status, out.getvalue()), ("COPY 2", b"0;tab\t and \\ 0\n1;tab\t and \\ 1\n"))
    status = await conn.copy_to_table("asyncpg_copy", source=io.BytesIO(b"7,x,\n" * 50_000), format="csv")
    checks.same("copy in", status, "COPY 50000")
    with checks.raises("copy of nonsense", asyncpg.BadCopyFileFormatError):
        await conn.copy_to_table("asyncpg_copy", source=io.BytesIO(b"1,2,3,4,5\n"), format="csv")
    checks.same("after a copy error", await conn.fetchval("select count(*) from asyncpg_copy"), 70_000)


async def large_results(conn):
    rows = await conn.fetch("select n, md5(n::text) from generate_series(1, 100000) n")
    checks.same("100,000 rows", (len(rows), rows[-1]["n"]), (100_000, 100_000))
    async with conn.transaction():
        total = 0
        async for row in conn.cursor("select n from generate_series(1, 20000) n", prefetch=1000):
            total += row["n"]
        checks.same("server cursor", total, 20_000 * 20_001 // 2)
        cursor = await conn.cursor("select n from generate_series(1, 100) n")
        await cursor.forward(50)
        checks.same("forward", (await cursor.fetchrow())["n"], 51)


async def timeouts(conn):
    with checks.raises("timeout", asyncio.TimeoutError):
        await conn.fetchval("select pg_sleep(30)", timeout=0.2)
    checks.same("after a timeout", await conn.fetchval("select 1"), 1)
    task = asyncio.ensure_future(conn.fetchval("select pg_sleep(30)"))
    await asyncio.sleep(0.2)
    task.cancel()
    with checks.raises("cancel", asyncio.CancelledError):
        await task
    checks.same("after a cancel", await conn.fetchval("select 2"), 2)
    with checks.raises("statement_timeout", asyncpg.QueryCanceledError):
        async with conn.transaction():
            await conn.execute("set local statement_timeout = '100ms'")
            await conn.execute("select pg_sleep(30)")


async def session_only():
    names = ["listen", "temporary table", "advisory lock", "set", "reset on release", "terminated"]
    if checks.TRANSACTION_MODE:
        for name in names:
            checks.left(name, "belongs to a session")
        return
    conn, other = await connect(), await connect()
    heard = asyncio.Queue()
    await conn.add_listener("asyncpg_channel", lambda _c, _pid, channel, payload: heard.put_nowait((channel, payload)))
    await other.execute("select pg_notify('asyncpg_channel', 'payload ' || n) from generate_series(1, 3) n")
    got = [await asyncio.wait_for(heard.get(), 5) for _ in range(3)]
    checks.same("listen", got, [("asyncpg_channel", f"payload {n}") for n in (1, 2, 3)])
    await conn.execute("create temporary table asyncpg_temp as select 5 as v")
    checks.same("temporary table", await conn.fetchval("select v from asyncpg_temp"), 5)
    await conn.execute("select pg_advisory_lock(78)")
    checks.same("advisory lock", await other.fetchval("select pg_try_advisory_lock(78)"), False)
    await conn.execute("set search_path to pg_catalog")
    checks.same("set", await conn.fetchval("show search_path"), "pg_catalog")
    await conn.reset()
    checks.same("reset on release", await conn.fetchval("show search_path"), '"$user", public')
    await other.execute("select pg_terminate_backend($1)", await conn.fetchval("select pg_backend_pid()"))
    with checks.raises("terminated", asyncpg.AdminShutdownError):
        await conn.fetchval("select pg_sleep(5)")
    await other.close()


async def pooled():
    async with asyncpg.create_pool(checks.URL, min_size=1, max_size=6, **OPTIONS) as pool:
        async def one(number):
            async with pool.acquire() as conn, conn.transaction():
                return await conn.fetchval("select $1::int", number)
        results = await asyncio.gather(*(one(number) for number in range(100)))
        checks.same("pool", results, list(range(100)))


async def reconnecting():
    for _ in range(20):
        conn = await connect()
        await conn.close()
    conn = await connect()
    checks.same("reconnect", await conn.fetchval("select 'again'"), "again")
    await conn.execute("drop table asyncpg_t, asyncpg_batch, asyncpg_copy")
    await conn.close()


async def large_parameters(conn):
    for size in (100_000, 10_000_000):
        value = b"\x00\xff" * (size // 2)
        checks.same(f"parameter of {size}", await conn.fetchval("select length($1::bytea)", value), size)
        checks.true(f"value of {size}", await conn.fetchval("select $1::bytea", value) == value)


async def main():
    await connecting()
    conn = await connect()
    for part in (parameters, transactions, errors, batches, copying, large_results, timeouts):
        await part(conn)
    await codecs()
    await prepared()
    await session_only()
    await pooled()
    await reconnecting()
    await large_parameters(conn)
    await conn.close()


asyncio.run(main())
checks.finish()
