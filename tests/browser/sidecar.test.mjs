// The page of the real pgsidecar in front of a real PostgreSQL.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "./harness.mjs";
import { browser, count, faults, goTo, isLive, open, picture, sees } from "./page.mjs";
import { missingPrograms, Postgres, Sidecar } from "./programs.mjs";

const missing = missingPrograms();
if (missing) {
  if (process.env.CI) throw new Error(missing);
  console.log(`SKIPPED: ${missing}`);
  process.exit(0);
}

let postgres;
let sidecar;
before(async () => {
  postgres = await Postgres.start();
  sidecar = await Sidecar.start(
    postgres,
    "--outage-policy=orders:insert=durable",
    "--health-check-interval-ms=5000",
    "--max-retries=1",
    "--retry-delay-ms=100",
    "--health-reconnect-slow-interval-ms=300",
  );
});
after(async () => {
  await browser.close();
  await sidecar?.remove();
  await postgres?.stop();
});

test("a statement is on the page within a second of its end", async () => {
  const page = await open(sidecar);
  await isLive(page);
  await sees(page, "#verdict-word", /^Connected$/);
  await sidecar.psql("CREATE TABLE orders (id int PRIMARY KEY, note text)");
  await sees(page, "#rows", /create table orders/i, 1000);
  await sidecar.psql("INSERT INTO orders VALUES (1, 'CANARY')");
  await sees(page, "#rows tr:first-child", /insert[\s\S]*orders[\s\S]*✓ ok/, 1000);
  await sidecar.psql("INSERT INTO orders VALUES (1, 'CANARY')");
  await sees(page, "#rows tr:first-child", /✕ failed 23505/, 1000);
  await sees(page, "#error-rows", /23505/);
  assert.ok(!(await page.content()).includes("CANARY"), "values never reach the page");
  await page.context().close();
});

test("the parts show what is the case", async () => {
  const page = await open(sidecar);
  await isLive(page);
  await goTo(page, "statements");
  await sees(page, "#top-rows", /insert into orders values/i);
  await goTo(page, "sessions");
  await sees(page, "#sessions", /No client is connected|app → app/);
  await goTo(page, "spool");
  await sees(page, "#spool", /Nothing waits/);
  await goTo(page, "configuration");
  await sees(page, "#configuration .facts", new RegExp(`127\\.0\\.0\\.1:${sidecar.port}`));
  await sees(page, "#setting-rows", /outage\.policy[\s\S]*orders:insert=durable/);
  await page.click("#reload");
  await sees(page, ".pgs-toasts", /Reloaded; nothing has changed/);
  await picture(page, "real", { fullPage: true });
  await page.context().close();
});

test("the history outlives the page", async () => {
  const page = await open(sidecar);
  await sees(page, "#chart-statements .legend", /all [\d.]+\/s/);
  const most = /to\s+([\d.]+)\/s/.exec(await page.locator("#chart-statements .legend").innerText());
  assert.ok(Number(most?.[1]) > 0, "the statements of the tests before");
  await page.reload();
  await sees(page, "#chart-statements .legend", new RegExp(`to\\s+${most[1]}/s`));
  await page.context().close();
});

test("PostgreSQL goes and comes back while the page watches; a dead letter is stored after all", async () => {
  const page = await open(sidecar);
  await sees(page, "#verdict-word", /^Connected$/);
  await postgres.stop();
  await sees(page, "#verdict-word", /Database unreachable/, 20_000);
  await sees(page, "#verdict-reason", /check if PostgreSQL is running/);
  await sidecar.psql("INSERT INTO orders VALUES (7, 'kept')");
  await sees(page, "#tile-queue", /1 queued/, 20_000);
  await picture(page, "outage");
  await page.getByRole("button", { name: "Check health" }).click();
  await sees(page, "#action-result", /Checked: |Not done: /, 20_000);
  // It comes back empty, so that the write has no table to go to.
  await postgres.start();
  // It may have noticed by itself by now: then there is nothing to press.
  await page.click("#reconnect", { timeout: 1000 }).catch(() => undefined);
  await sees(page, "#verdict-word", /^Connected/, 30_000);
  await sees(page, "#chart-statements", /./);
  await goTo(page, "spool");
  await until("it is dead", async () => (await count(page, "#dead-rows tr")) === 1, 30_000);
  await sees(page, "#dead-rows", /42P01/);
  await sees(page, "#verdict-word", /Connected, with dead letters/);
  await picture(page, "dead-letter");
  await sidecar.psql("CREATE TABLE orders (id int PRIMARY KEY, note text)");
  await page.getByRole("button", { name: /^Retry write/ }).click();
  await page.click("#confirm-yes");
  await sees(page, ".pgs-toasts", /1 write queued again/);
  await until("it is stored", async () => (await sidecar.psql("SELECT note FROM orders")) === "kept");
  await sees(page, "#verdict-word", /^Connected$/, 20_000);
  await sees(page, "#charts-note", /shaded: database away/);
  await page.context().close();
});

test("a session is seen with what it holds, and ended", async () => {
  const page = await open(sidecar);
  const asleep = sidecar.psql("SELECT pg_sleep(60)");
  await goTo(page, "sessions");
  await sees(page, "#session-rows", /Active/);
  await page.getByRole("button", { name: /^End session/ }).click();
  await page.click("#confirm-yes");
  assert.match(await asleep, /57P01|terminat|closed/i);
  await sees(page, "#sessions", /No client is connected/);
  await page.context().close();
});

test("the sidecar restarts under the page", async () => {
  const page = await open(sidecar, { trouble: true });
  await isLive(page);
  await sidecar.stop();
  await sees(page, "#banner-text", /Connection to the sidecar lost/);
  await sidecar.start();
  await sees(page, "#verdict-word", /^Connected$/, 40_000);
  await isLive(page);
  await sidecar.psql("SELECT 1");
  await sees(page, "#rows", /select/i);
  await page.context().close();
});

test("nothing broke on the way: no exception, no breach of the policy, no foreign request", () => {
  assert.deepEqual(faults, []);
});
