"""asyncpg against mode mock: everything succeeds, nothing is stored. Arrays are left out: asyncpg looks their types up
in the catalogue, which is empty."""

import asyncio
import datetime
import decimal
import os
import uuid

import asyncpg

checks = 0


def same(actual, expected):
    global checks
    assert actual == expected, f"got {actual!r}, expected {expected!r}"
    checks += 1


async def main():
    c = await asyncpg.connect(os.environ["DATABASE_URL"])
    same(c.get_server_version().major, 15)
    same(await c.fetchval("select 1"), 1)
    some = uuid.uuid4()
    at = datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone.utc)
    row = await c.fetchrow(
        "select $1::timestamptz, $2::uuid, $3::numeric, $4::jsonb, $5::date, $6::bytea, $7::float8, $8::int, true, 'x'",
        at, some, decimal.Decimal("12.30"), '{"a": 1}', at.date(), b"\0\1", 1.5, 7)
    same(tuple(row), (at, some, decimal.Decimal("12.30"), '{"a": 1}', at.date(), b"\0\1", 1.5, 7, True, "x"))
    await c.execute("create table asyncpg_items (id int primary key, name text, at timestamptz)")
    same(await c.execute("insert into asyncpg_items values ($1, $2, $3)", 1, "a", at), "INSERT 0 1")
    rows = await c.fetch("insert into asyncpg_items (id, name) values ($1, $2) returning *", 2, "b")
    same([tuple(r) for r in rows], [(2, "b", None)])
    same(await c.execute("update asyncpg_items set name = $1 where id = $2", "c", 1), "UPDATE 0")
    async with c.transaction():
        await c.executemany("insert into asyncpg_items (id, at) values ($1, $2)", [(1, at), (2, at)])
        try:
            async with c.transaction():
                await c.execute("selec")
        except asyncpg.PostgresSyntaxError:
            pass
        same([r[0] async for r in c.cursor("values (1), (2), (3)", prefetch=2)], [1, 2, 3])
    same(await c.fetch("select * from asyncpg_items where id = $1", 1), [])
    same(await c.copy_records_to_table("asyncpg_items", records=[(1, "a"), (2, "b")], columns=["id", "name"]), "COPY 2")
    await c.close()

    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=4) as pool:
        same(await asyncio.gather(*(pool.fetchval("select $1::int", i) for i in range(40))), list(range(40)))
    print(f"{checks} checks ok")


asyncio.run(main())
