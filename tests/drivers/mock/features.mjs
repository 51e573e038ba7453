// npm's pg against mode mock: everything succeeds, nothing is stored.
import assert from 'node:assert/strict';
import pg from '../node/node_modules/pg/lib/index.js';

let checks = 0;
const same = (actual, expected, what) => { assert.deepEqual(actual, expected, what); checks += 1; };

const c = new pg.Client({ connectionString: process.env.DATABASE_URL, application_name: 'node_pg' });
await c.connect();
same((await c.query('select 1 as one')).rows, [{ one: 1 }]);
same((await c.query('select $1::int + $2::int as sum, $3::jsonb j', [40, 2, '{"a":1}'])).rows, [{ sum: 42, j: { a: 1 } }]);
const row = (await c.query('select $1::int[] a, $2::bytea b, $3::timestamptz t, now() n',
  [[1, 2], Buffer.from([0, 255]), new Date('2024-02-29T12:34:56.789Z')])).rows[0];
same(row.a, [1, 2]);
same([...row.b], [0, 255]);
same(row.t.toISOString(), '2024-02-29T12:34:56.789Z');
same(row.n instanceof Date, true);
same((await c.query('create table node_items (id int primary key, name text)')).command, 'CREATE');
const inserted = await c.query('insert into node_items (id, name) values ($1, $2) returning *', [7, 'x']);
same([inserted.rowCount, inserted.rows], [1, [{ id: 7, name: 'x' }]]);
same((await c.query({ name: 'change', text: 'update node_items set name = $1 where id = $2', values: ['y', 7] })).rowCount, 0);
same((await c.query({ name: 'change', text: 'update node_items set name = $1 where id = $2', values: ['z', 8] })).rowCount, 0);
await c.query('begin');
await c.query("insert into node_items values (1, 'a'), (2, 'b')");
await assert.rejects(c.query('selec'), { code: '42601' });
await assert.rejects(c.query('select 1'), { code: '25P02' });
await c.query('rollback');
same((await c.query('select * from node_items')).rows, []);
same((await c.query('select count(*)::int n from node_items')).rows, [{ n: 0 }]);
same((await c.query('select 1; select 2')).map((r) => r.rows.length), [1, 1]);
await c.end();

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });
const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => pool.query('select $1::int i', [i])));
same(answers.map((r) => r.rows[0].i), Array.from({ length: 50 }, (_, i) => i));
await pool.end();
console.log(`${checks} checks ok`);
