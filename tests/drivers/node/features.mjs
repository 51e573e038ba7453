// The usual features of npm's pg. In transaction mode what needs one server connection across transactions is left
// out and named.
import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import pg from 'pg';
import Cursor from 'pg-cursor';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

const url = process.env.DATABASE_URL;
const sharing = process.env.PGS_MODE === 'transaction';
let checks = 0;
const same = (actual, expected, what) => { assert.deepEqual(actual, expected, what); checks += 1; };
const sessionOnly = [];

async function connected(use, more = {}) {
  const client = new pg.Client({ connectionString: url, application_name: 'node_pg', ...more });
  await client.connect();
  try { return await use(client); } finally { await client.end(); }
}

async function fails(promise, code) {
  const error = await promise.then(() => null, (e) => e);
  assert.ok(error, 'an error was expected');
  same(error.code, code);
  return error;
}

async function basics(c) {
  same((await c.query('select 1 as one')).rows, [{ one: 1 }]);
  same((await c.query('select $1::int + $2::int as sum', [40, 2])).rows[0].sum, 42);
  same((await c.query('select $1::text as nothing', [null])).rows[0].nothing, null);
  same((await c.query('select 1; select 2')).map((r) => r.rows.length), [1, 1]);
  const values = ['{"a":[1,2]}', [1, 2, 3], Buffer.from([0, 255, 10]), new Date('2024-02-29T12:34:56.789Z')];
  const row = (await c.query('select $1::jsonb j, $2::int[] a, $3::bytea b, $4::timestamptz t', values)).rows[0];
  same(row.j, { a: [1, 2] });
  same(row.a, [1, 2, 3]);
  same([...row.b], [0, 255, 10]);
  same(row.t.toISOString(), '2024-02-29T12:34:56.789Z');
  same((await c.query({ text: 'select 1, 2', rowMode: 'array' })).rows, [[1, 2]]);
  same((await c.query("select current_setting('application_name') as n")).rows[0].n, 'node_pg');
}

async function transactions(c) {
  await c.query('drop table if exists node_items; create table node_items (id int primary key, name text not null)');
  await c.query('begin');
  same((await c.query("insert into node_items values (1, 'a'), (2, 'b')")).rowCount, 2);
  await c.query('savepoint s');
  const e = await fails(c.query("insert into node_items values (1, 'again')"), '23505');
  same([e.table, e.constraint, e.schema, e.severity], ['node_items', 'node_items_pkey', 'public', 'ERROR']);
  await c.query('rollback to savepoint s');
  await c.query('commit');
  await c.query('begin');
  await c.query('delete from node_items');
  await c.query('rollback');
  same((await c.query('select count(*)::int n from node_items')).rows[0].n, 2);
  await fails(c.query('selec 1'), '42601');
  same((await c.query('select 5 as still')).rows[0].still, 5);
}

async function queued(c) {
  const results = await Promise.all(Array.from({ length: 100 }, (_, i) => c.query('select $1::int as i', [i])));
  same(results.map((r) => r.rows[0].i), Array.from({ length: 100 }, (_, i) => i));
}

async function copies(c) {
  await c.query('truncate node_items');
  const rows = Array.from({ length: 10_000 }, (_, i) => `${i}\tname ${i}\n`);
  await pipeline(Readable.from(rows), c.query(copyFrom('copy node_items from stdin')));
  same((await c.query('select count(*)::int n from node_items')).rows[0].n, 10_000);
  let bytes = 0;
  const sink = new Writable({ write(chunk, _, done) { bytes += chunk.length; done(); } });
  await pipeline(c.query(copyTo('copy node_items to stdout')), sink);
  same(bytes, rows.join('').length);
  await fails(pipeline(Readable.from(['x\ty\n']), c.query(copyFrom('copy node_items from stdin'))), '22P02');
}

async function cursors(c) {
  await c.query('begin');
  const cursor = c.query(new Cursor('select generate_series(1, 10000) i'));
  let seen = 0;
  for (let rows; (rows = await cursor.read(777)).length > 0;) seen += rows.length;
  same(seen, 10_000);
  await cursor.close();
  await c.query('commit');
}

async function timeouts() {
  await connected((c) => fails(c.query('select pg_sleep(5)'), '57014'), { statement_timeout: 100 });
  await connected(async (c) => {
    const sleeping = fails(c.query("select pg_sleep(30), 'node_cancel'"), '57014');
    // A cancel that overtakes the statement would strike nothing.
    await connected(async (observer) => {
      const running = "select count(*)::int n from pg_stat_activity where state = 'active' and query like '%, ''node_c'||'ancel%'";
      while ((await observer.query(running)).rows[0].n === 0);
    });
    const canceller = new pg.Client({ connectionString: url });
    canceller.processID = c.processID;
    canceller.secretKey = c.secretKey;
    canceller.cancel(c, c.activeQuery);
    await sleeping;
  });
}

async function notifications() {
  if (sharing) return void sessionOnly.push('LISTEN');
  await connected(async (listener) => {
    await listener.query('listen node_news');
    const heard = new Promise((done) => { listener.once('notification', done); });
    await connected((c) => c.query("notify node_news, 'hello'"));
    same((await heard).payload, 'hello');
  });
}

async function prepared() {
  if (sharing) return void sessionOnly.push('named prepared statements');
  await connected(async (c) => {
    for (const i of [1, 2, 3]) {
      same((await c.query({ name: 'twice', text: 'select $1::int * 2 as n', values: [i] })).rows[0].n, 2 * i);
    }
  });
}

async function pools() {
  const pool = new pg.Pool({ connectionString: url, max: 6 });
  const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => pool.query('select $1::int i, pg_sleep(0.002)', [i])));
  same(answers.map((r) => r.rows[0].i), Array.from({ length: 60 }, (_, i) => i));
  await pool.end();
}

async function reconnecting() {
  const c = new pg.Client({ connectionString: url });
  c.on('error', () => {});
  await c.connect();
  const kill = c.query('select pg_terminate_backend(pg_backend_pid())');
  const error = await kill.then(() => null, (e) => e);
  assert.ok(error);
  checks += 1;
  await c.end().catch(() => {});
  await connected(async (again) => same((await again.query('select 1 as one')).rows[0].one, 1));
}

await connected(async (c) => {
  await basics(c);
  await transactions(c);
  await queued(c);
  await copies(c);
  await cursors(c);
});
await timeouts();
await notifications();
await prepared();
await pools();
await reconnecting();
if (sessionOnly.length > 0) console.log(`not in transaction mode: ${sessionOnly.join(', ')}`);
console.log(`${checks} checks ok`);
process.exit(0);
