// Drizzle's ORM on npm's pg.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { integer, pgTable, serial, text } from "drizzle-orm/pg-core";
import pg from "pg";

const connections = Number(process.env.APP_CONNECTIONS);
const rounds = 20;
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
console.log(`version: drizzle-orm ${version("drizzle-orm")} with pg ${version("pg")}, node ${process.versions.node}`);

const items = pgTable("items", { id: serial().primaryKey(), name: text().notNull(), amount: integer().notNull() });
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: connections });
const clients = await Promise.all(Array.from({ length: connections }, () => pool.connect()));

async function work(client, number) {
    const db = drizzle(client);
    const byKey = db.select().from(items).where(eq(items.id, sql.placeholder("id"))).prepare("by_key");
    for (let turn = 0; turn < rounds; turn++) {
        const [{ id }] = await db.insert(items).values({ name: `item ${number}`, amount: turn }).returning();
        assert.equal((await byKey.execute({ id }))[0].amount, turn);
        await db.transaction(async (tx) => {
            await tx.update(items).set({ amount: sql`${items.amount} + 1` }).where(eq(items.id, id));
            await tx.transaction(async (inner) => {
                await inner.update(items).set({ amount: 1000 }).where(eq(items.id, id));
                inner.rollback();
            }).catch((error) => assert.match(String(error), /[Rr]ollback/));
        });
        assert.equal((await byKey.execute({ id }))[0].amount, turn + 1);
        assert.equal((await db.delete(items).where(eq(items.id, id)).returning()).length, 1);
    }
}
await Promise.all(clients.map(work));
clients.forEach((client) => client.release());
await pool.end();
console.log(`${connections * rounds} rounds ok`);
