// The head of the page and its live operations, in a real browser against ws_harness.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Harness, until } from "./harness.mjs";
import {
  browser,
  count,
  faults,
  focused,
  goTo,
  isLive,
  open,
  picture,
  sees,
  text,
  worstContrast,
} from "./page.mjs";

let harness;
before(async () => {
  harness = await Harness.start();
  await harness.say("queue 0 0");
});
after(async () => {
  await browser.close();
  await harness.end();
});

const rows = (page) => count(page, "#rows tr");

async function connectDatabase(target = harness) {
  await target.say("status connected Connected to PostgreSQL");
  await target.say("health good 1.8");
}

test("follows the status of the database", async () => {
  const page = await open(harness);
  await sees(page, "#verdict-word", /^Connecting$/);
  await connectDatabase();
  await sees(page, "#verdict-word", /^Connected$/);
  await sees(page, "#verdict-since", /since .* last check 1\.8 ms/);
  assert.equal(await page.getAttribute("#verdict", "data-tone"), "good");
  assert.ok(await page.isDisabled("#reconnect"));
  await harness.say("health bad");
  await sees(page, "#verdict-word", /Connected, but unwell/);
  await harness.say("status error refused");
  await harness.say(
    "error ECONNREFUSED Cannot connect to database. Please check if PostgreSQL is running.",
  );
  await sees(page, "#verdict-word", /Database unreachable/);
  await sees(page, "#verdict-reason", /Please check if PostgreSQL is running/);
  assert.equal(await page.getAttribute("#verdict", "data-tone"), "bad");
  await page.click("#reconnect");
  await sees(page, "#action-result", /Cannot connect/);
  await sees(page, "#error-rows", /ECONNREFUSED[\s\S]*Start PostgreSQL/);
  await picture(page, "unreachable");
  await connectDatabase();
  await sees(page, "#verdict-word", /^Connected$/);
  await page.click("#check");
  await sees(page, "#action-result", /Checked at .* 1\.3 ms/);
  assert.equal(await page.locator("[aria-live], [role=status]").count(), 1);
  await sees(page, "#verdict [aria-live]", /Connected[\s\S]*Checked at/);
  await page.context().close();
});

test("shows an operation within a second, with failures marked by word", async () => {
  const page = await open(harness);
  await isLive(page);
  await until("the page subscribes", async () => (await harness.counts()).wantsOperations);
  await harness.say("operations 3");
  await until("three rows within a second", async () => (await rows(page)) === 3, 1000);
  await harness.say("operations 1 failed");
  await until("four rows within a second", async () => (await rows(page)) === 4, 1000);
  assert.match(await text(page, "#rows tr:first-child"), /failed 23505[\s\S]*duplicate key/);
  assert.match(
    await text(page, "#rows tr:last-child"),
    /query[\s\S]*public\.orders[\s\S]*SELECT id, status/,
  );
  await page.check("#failures");
  assert.equal(await rows(page), 1);
  await page.uncheck("#failures");
  await page.fill("#filter", "POSITIONS");
  assert.equal(await rows(page), 1);
  await page.fill("#filter", "no such thing");
  await sees(page, "#operations", /Nothing matches/);
  await page.fill("#filter", "");
  assert.equal(await rows(page), 4);
  await sees(page, "#error-rows", /23505[\s\S]*duplicate key/);
  await picture(page, "operations");
  await page.reload();
  await until("the rows are there again after a reload", async () => (await rows(page)) === 4);
  await page.context().close();
});

test("pause keeps the table still, by mouse and by key", async () => {
  const page = await open(harness);
  await until("the rows so far", async () => (await rows(page)) === 4);
  await page.click("#pause");
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
  await harness.say("operations 2");
  await sees(page, "#pause", /Resume \(2 new\)/);
  assert.equal(await rows(page), 4);
  await page.locator("body").press("p");
  await until("the rows that waited", async () => (await rows(page)) === 6);
  await page.fill("#filter", "");
  await page.locator("#filter").press("p");
  assert.equal(
    await page.getAttribute("#pause", "aria-pressed"),
    "false",
    "typing p in a field does not pause",
  );
  await page.context().close();
});

test("says how much of heavy traffic it shows", async () => {
  const page = await open(harness);
  await isLive(page);
  await until("the page subscribes", async () => (await harness.counts()).wantsOperations);
  await harness.say("operations 3000");
  await harness.say("operations 1");
  await until("left out and said so", async () => {
    await harness.say("operations 1");
    return /about 1 in [\d,.]+ shown, [\d,]+ left out by sampling/.test(
      await text(page, "#operations-note"),
    );
  });
  assert.ok((await rows(page)) <= 200);
  await page.context().close();
});

test("text of a statement is text, whatever it says", async () => {
  const page = await open(harness);
  await isLive(page);
  await harness.say("status error <script>alert(1)</script>");
  await sees(page, "#verdict-reason", /<script>alert\(1\)<\/script>/);
  await harness.say('error CONNREFUSED <img src=x onerror="document.title=1"><b>bold</b>');
  await sees(page, "#verdict-reason", /<b>bold<\/b>/);
  assert.equal(await page.locator("#verdict-reason *").count(), 0);
  assert.equal(await page.locator("#error-rows img, #error-rows b").count(), 0);
  await connectDatabase();
  await page.context().close();
});

test("both colour schemes, with readable contrast", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(harness, { colorScheme });
    await sees(page, "#verdict-word", /^Connected$/);
    await until("rows", async () => (await rows(page)) > 0);
    for (const part of ["statements", "sessions", "spool", "errors", "configuration"])
      await goTo(page, part);
    const worst = await page.evaluate(worstContrast);
    assert.ok(worst.ratio >= 4.5, `${colorScheme}: ${JSON.stringify(worst)}`);
    const luminance = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(/^rgb\(1?\d, /.test(luminance), colorScheme === "dark", luminance);
    await picture(page, colorScheme);
    await page.context().close();
  }
});

test("every control is reached by keyboard in reading order", async () => {
  const page = await open(harness);
  await isLive(page);
  await sees(page, "#verdict-word", /^Connected$/);
  await until("rows", async () => (await rows(page)) > 0);
  const reached = [];
  for (;;) {
    await page.keyboard.press("Tab");
    // Behind the last control the focus leaves the page.
    if (await page.evaluate(() => document.activeElement === document.body)) break;
    reached.push(await focused(page));
    const outlined = await page.evaluate(
      () => getComputedStyle(document.activeElement).outlineStyle !== "none",
    );
    assert.ok(outlined, `no visible focus on ${reached.at(-1)}`);
  }
  const wanted = ["Skip to the live operations", "Charts", "Configuration", "Live", "check"];
  const after = ["filter", "failures", "pause", "Live operations, scrolls", "about"];
  let place = -1;
  for (const name of [...wanted, ...after]) {
    const found = reached.findIndex((one, i) => i > place && one === name);
    assert.ok(found > place, `${name} in ${reached.join(" | ")}`);
    place = found;
  }
  await page.context().close();
});

test("fits a phone without scrolling sideways", async () => {
  const page = await open(harness, { viewport: { width: 390, height: 844 } });
  await isLive(page);
  for (const part of ["charts", "operations", "sessions", "spool", "configuration"]) {
    await goTo(page, part);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), part);
  }
  await picture(page, "phone", { fullPage: true });
  await page.context().close();
});

test("says so when the sidecar goes, and comes back by itself", async () => {
  const other = await Harness.start();
  await other.say("queue 0 0");
  const page = await open(other, { trouble: true });
  await isLive(page);
  await other.end();
  await sees(page, "#banner-text", /Connection to the sidecar lost\. Next attempt in \d+ s/);
  await sees(page, "#verdict-word", /No contact/);
  await picture(page, "lost");
  const again = await Harness.start(`http.port=${other.port}`);
  await again.say("queue 0 0");
  await connectDatabase(again);
  await page.click("#banner-retry");
  await sees(page, "#verdict-word", /^Connected$/);
  await isLive(page);
  assert.equal(await count(page, "#banner"), 0);
  await page.context().close();
  await again.end();
});

test("works by polling where /ws is refused", async () => {
  await connectDatabase();
  const page = await open(harness, {
    trouble: true,
    prepare: (page) => page.routeWebSocket(/\/ws$/, (socket) => socket.close({ code: 1011 })),
  });
  await sees(page, "#verdict-word", /^Connected$/);
  await sees(page, "#banner-text", /No live feed; the figures are polled/);
  const before = await rows(page);
  await harness.say("operations 1 failed");
  await sees(page, "#rows tr:first-child", /failed 23505/);
  assert.ok((await rows(page)) >= Math.min(200, before));
  await harness.say("status error gone");
  await sees(page, "#verdict-word", /Database unreachable/);
  await picture(page, "polling");
  await page.click("#reconnect");
  await sees(page, "#action-result", /Cannot connect|Not done/);
  await connectDatabase();
  await sees(page, "#verdict-word", /^Connected$/);
  await page.context().close();
});

test("says when the clocks differ", async () => {
  const page = await open(harness, {
    prepare: (page) =>
      page.addInitScript(() => {
        const now = Date.now;
        Date.now = () => now() - 125_000;
      }),
  });
  await sees(page, "#skew", /sidecar.s clock is 2 min \d s ahead/);
  await page.context().close();
});

test("asks for the token, keeps a wrong one out, takes it from the fragment", async () => {
  const closed = await Harness.start("http.token=sésame");
  const page = await open(closed, { trouble: true });
  await page.waitForSelector("#token-dialog[open]");
  await sees(page, "#verdict-word", /^Locked$/);
  await page.keyboard.press("Escape");
  await page.click("#enter-token");
  await page.fill("#token", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#token-wrong:visible");
  await picture(page, "token");
  await page.fill("#token", "sésame");
  await page.keyboard.press("Enter");
  await isLive(page);
  assert.equal(await count(page, "#token-dialog[open]"), 0);
  assert.equal(await count(page, "footer nav"), 0, "links would be refused without the token");
  await page.reload();
  await isLive(page);
  await page.context().close();
  const direct = await open(closed, { fragment: `#token=${encodeURIComponent("sésame")}` });
  await isLive(direct);
  assert.ok(!direct.url().includes("token"), direct.url());
  await direct.context().close();
  await closed.end();
});

test("nothing broke on the way: no exception, no breach of the policy, no foreign request", () => {
  assert.deepEqual(faults, []);
});
