"""SQLAlchemy's ORM on psycopg2 (threads) and on asyncpg (tasks): sqlalchemy_crud.py <psycopg2|asyncpg>."""

import asyncio
import os
import sys

import sqlalchemy as sa
from sqlalchemy.orm import Session, declarative_base

from crowd import CONNECTIONS, ROUNDS, crowd, same

DRIVER = sys.argv[1]
URL = (f"postgresql+{DRIVER}://{os.environ['PGUSER']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}"
       f"/{os.environ['PGDATABASE']}")
POOL = {"pool_size": CONNECTIONS, "max_overflow": 0}
Base = declarative_base()
print("version: SQLAlchemy", sa.__version__, "with", DRIVER, __import__(DRIVER).__version__)


class Item(Base):
    __tablename__ = "items"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.Text, nullable=False)
    amount = sa.Column(sa.Integer, nullable=False)


def work(connection, number, turn):
    with Session(bind=connection) as session:
        item = Item(name=f"item {number}", amount=turn)
        session.add(item)
        session.commit()
        same(session.get(Item, item.id).amount, turn)
        item.amount = Item.amount + 1
        session.flush()
        try:
            with session.begin_nested():
                session.execute(sa.insert(Item).values(id=item.id, name="again", amount=0))
        except sa.exc.IntegrityError:
            pass
        session.commit()
        same(session.execute(sa.select(Item).where(Item.id == item.id)).scalar_one().amount, turn + 1)
        session.execute(sa.update(Item).where(Item.id == item.id).values(amount=5), execution_options={
            "synchronize_session": "fetch"})
        session.rollback()
        session.delete(item)
        session.commit()
        same(session.execute(sa.select(sa.func.count()).where(Item.name == f"item {number}")).scalar(), 0)
        session.commit()


async def tasks():
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(URL, **POOL)
    gate = asyncio.Event()
    connected = 0

    async def one(number):
        nonlocal connected
        async with engine.connect() as connection:
            connected += 1
            if connected == CONNECTIONS:
                gate.set()
            await asyncio.wait_for(gate.wait(), 60)
            for turn in range(ROUNDS):
                await connection.run_sync(work, number, turn)

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    await engine.dispose()
    print(f"{CONNECTIONS * ROUNDS} rounds ok")


if DRIVER == "asyncpg":
    asyncio.run(tasks())
else:
    crowd(sa.create_engine(URL, **POOL).connect, work)
