// The parts of the page that read and order over /api, in a real browser against ws_harness.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Harness, until } from "./harness.mjs";
import { browser, count, faults, focused, goTo, isLive, open, picture, sees, text } from "./page.mjs";

let harness;
before(async () => {
  harness = await Harness.start();
  await harness.say("status connected Connected to PostgreSQL");
  await harness.say("health good 1.8");
});
after(async () => {
  await browser.close();
  await harness.end();
});

const charts = ["statements", "latency", "connections", "health", "queue"];
const column = (page, body, number) =>
  page.locator(`#${body} tr td:nth-child(${number})`).allInnerTexts();

test("tiles show what the last seconds were like", async () => {
  await harness.say("queue 3 2");
  const page = await open(harness);
  await sees(page, "#tile-upstream", /PostgreSQL[\s\S]*Connected/);
  await sees(page, "#tile-statements", /\d[\d.,]* per second/);
  await sees(page, "#tile-latency", /p50[\s\S]*p99[\s\S]*3\.0 %/);
  await sees(page, "#tile-queue", /3 queued[\s\S]*2 dead[\s\S]*oldest waits 2 s/);
  await sees(page, "#verdict-word", /Connected, with dead letters/);
  await page.context().close();
});

test("five charts over 15 minutes, in words and as tables, and there again after a reload", async () => {
  const page = await open(harness);
  for (const name of charts) {
    await sees(page, `#chart-${name} .legend`, /\d/);
    const box = await page.locator(`#chart-${name} canvas`).boundingBox();
    assert.ok(box.width > 200 && box.height > 100, `${name} ${JSON.stringify(box)}`);
  }
  assert.ok(await painted(page, "#chart-statements canvas"), "something is drawn");
  for (const round of ["at first", "after a reload"]) {
    const button = page.locator("#chart-statements figcaption button");
    await button.focus();
    await page.keyboard.press("Enter");
    const table = page.locator("#chart-statements tbody tr");
    const steps = await table.count();
    assert.ok(steps >= 29 && steps <= 32, `${steps} half minutes ${round}`);
    assert.match(await table.nth(20).innerText(), /\d+(\.\d)?\/s/);
    await picture(page, "chart-table");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#chart-statements canvas");
    if (round === "at first") await page.reload();
    await sees(page, "#chart-statements .legend", /\d/);
  }
  await page.hover("#chart-latency .u-over");
  await sees(page, "#chart-latency .chart-time", /\d\d:\d\d:\d\d/);
  await page.context().close();
});

/** Any pixel that is not transparent. */
function painted(page, selector) {
  return page.evaluate((wanted) => {
    const canvas = document.querySelector(wanted);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 3 && value !== 0);
  }, selector);
}

test("charts follow the colour scheme while they are shown", async () => {
  const page = await open(harness, { colorScheme: "light" });
  await sees(page, "#chart-statements .legend", /\d/);
  const colours = () =>
    page.evaluate(() => document.querySelector("#chart-statements canvas").toDataURL().length);
  const light = await colours();
  await page.emulateMedia({ colorScheme: "dark" });
  await until("drawn anew", async () => (await colours()) !== light);
  await page.context().close();
});

test("top statements are sorted as asked", async () => {
  const page = await open(harness);
  await goTo(page, "statements");
  await sees(page, "#top-rows", /SELECT id, status/);
  const calls = page.locator("#statements th button", { hasText: "Calls" });
  await calls.focus();
  await page.keyboard.press("Enter");
  await until("by calls, most first", async () => {
    const shown = (await column(page, "top-rows", 3)).map((one) => Number(one.replace(",", "")));
    return shown.length >= 3 && shown.every((one, i) => i === 0 || one <= shown[i - 1]);
  });
  const head = page.locator("#statements th", { hasText: "Calls" });
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  await page.keyboard.press("Enter");
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  const shown = (await column(page, "top-rows", 3)).map((one) => Number(one.replace(",", "")));
  assert.ok(shown.every((one, i) => i === 0 || one >= shown[i - 1]), String(shown));
  await picture(page, "statements");
  await page.context().close();
});

test("sessions say why they keep a server connection, and can be ended after a question", async () => {
  await harness.say("sessions 12");
  const page = await open(harness);
  await goTo(page, "sessions");
  await until("all sessions", async () => (await count(page, "#session-rows tr")) === 12);
  await sees(page, "#session-rows", /temp table/);
  await page.selectOption("#session-state", "waiting");
  await until("those that wait", async () =>
    (await column(page, "session-rows", 4)).every((state) => /^Waiting for/.test(state)),
  );
  await page.selectOption("#session-state", "");
  await until("all again", async () => (await count(page, "#session-rows tr")) === 12);
  const end = page.getByRole("button", { name: "End session 7" });
  await end.focus();
  await page.keyboard.press("Enter");
  await sees(page, "#confirm-title", /End session 7/);
  await picture(page, "confirm");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  await sees(page, "#confirm-title", /End session 7/);
  await page.keyboard.press("Escape");
  await until("closed", async () => (await count(page, "#confirm-dialog[open]")) === 0);
  assert.equal((await harness.counts()).kills, 0, "Escape is no");
  assert.equal(await focused(page), "End session 7", "the focus is back where it was");
  await page.keyboard.press("Enter");
  await until("the harmless answer is chosen", async () => (await focused(page)) === "confirm-no");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await until("one less", async () => (await count(page, "#session-rows tr")) === 11);
  assert.equal((await harness.counts()).kills, 1);
  await sees(page, ".pgs-toasts", /Session 7 was ended/);
  await sees(page, "#said", /Session 7 was ended/);
  await page.context().close();
});

test("dead letters are retried and discarded after a question", async () => {
  await harness.say("queue 1 3");
  const page = await open(harness);
  await goTo(page, "spool");
  await until("three dead letters", async () => (await count(page, "#dead-rows tr")) === 3);
  await sees(page, "#dead-rows", /23505 duplicate key/);
  await picture(page, "spool");
  const first = page.getByRole("button", { name: /^Discard write/ }).first();
  await first.click();
  await page.click("#confirm-no");
  assert.equal((await harness.counts()).discards, 0);
  await first.click();
  await page.click("#confirm-yes");
  await until("two left", async () => (await count(page, "#dead-rows tr")) === 2);
  await sees(page, ".pgs-toasts", /1 write discarded, 2 dead letters left/);
  await page.getByRole("button", { name: /^Retry write/ }).first().click();
  await page.click("#confirm-yes");
  await until("one left", async () => (await count(page, "#dead-rows tr")) === 1);
  await until("one more waits", async () => (await count(page, "#queue-rows tr")) === 2);
  await page.click("#retry-all");
  await sees(page, "#confirm-title", /Retry all 1 dead letter\?/);
  await page.click("#confirm-yes");
  await until("none left", async () => (await count(page, "#dead-rows")) === 0);
  assert.equal(await count(page, "#retry-all"), 0);
  await page.context().close();
});

test("the configuration is found, and reloaded with words for both outcomes", async () => {
  const page = await open(harness, { trouble: true });
  await goTo(page, "configuration");
  await sees(page, "#configuration .facts", /postgres:\/\/app:\*\*\*@db/);
  await sees(page, "#setting-rows", /http\.token\s+\*\*\*/);
  assert.ok(!(await text(page, "#setting-rows")).includes("pool.mode"), "defaults are left out");
  await page.check("#all-settings");
  await sees(page, "#setting-rows", /pool\.mode/);
  await page.fill("#setting-filter", "LEVEL");
  assert.equal(await count(page, "#setting-rows tr"), 1);
  await page.click("#reload");
  await sees(page, ".pgs-toasts", /Reloaded; changed: log\.level/);
  await harness.say("reload bad");
  await page.click("#reload");
  await sees(page, ".pgs-toasts", /Not reloaded: [\s\S]*sidecar\.toml:3/);
  await harness.say("reload good");
  await page.context().close();
});

test("what a token may not do is explained or not offered", async () => {
  const folder = mkdtempSync(join(tmpdir(), "page-tokens-"));
  writeFileSync(join(folder, "tokens"), "ann viewer ops status:read,sessions:read,queue:read\n");
  const guarded = await Harness.start(`feed.token_file=${join(folder, "tokens")}`);
  const page = await open(guarded, { fragment: "#token=viewer", trouble: true });
  await isLive(page);
  await sees(page, "#tile-statements", /\d/);
  await sees(page, "#operations", /No operations to show[\s\S]*operations:read/);
  await goTo(page, "statements");
  await sees(page, "#statements", /Not for this token[\s\S]*operations:read/);
  await goTo(page, "sessions");
  await until("sessions", async () => (await count(page, "#session-rows tr")) > 0);
  assert.equal(await page.getByRole("button", { name: /^End session/ }).count(), 0);
  await goTo(page, "spool");
  await until("dead letters", async () => (await count(page, "#dead-rows tr")) > 0);
  assert.equal(await page.getByRole("button", { name: /^(Retry|Discard)/ }).count(), 0);
  await goTo(page, "configuration");
  await sees(page, "#configuration", /Not for this token[\s\S]*config:read/);
  await picture(page, "viewer", { fullPage: true });
  await page.context().close();
  await guarded.end();
  rmSync(folder, { recursive: true });
});

test("a part that does not answer or is not there leaves the others standing", async () => {
  await harness.say("desk unavailable");
  const page = await open(harness, {
    trouble: true,
    prepare: (page) =>
      page.route(/\/api\/(top|history)/, (route) => route.fulfill({ status: 404, json: {} })),
  });
  await isLive(page);
  await sees(page, "#charts", /No history/);
  await goTo(page, "statements");
  await sees(page, "#statements", /Not offered here/);
  await goTo(page, "sessions");
  await sees(page, "#sessions", /No answer[\s\S]*It is not there/);
  await harness.say("desk good");
  await until("it is there again", async () => (await count(page, "#session-rows tr")) > 0);
  await harness.say("desk unavailable");
  await sees(page, "#sessions-note", /not up to date/);
  assert.ok((await count(page, "#session-rows tr")) > 0, "what was known stays");
  await harness.say("desk good");
  await page.context().close();
});

test("about has the licences; Escape closes it and gives the focus back", async () => {
  const page = await open(harness);
  await isLive(page);
  await page.locator("#about").focus();
  await page.keyboard.press("Enter");
  await sees(page, "#about-dialog", /Leon Sorokin[\s\S]*Jason Miller/);
  await page.keyboard.press("Escape");
  await until("closed", async () => (await count(page, "#about-dialog[open]")) === 0);
  assert.equal(await focused(page), "about");
  await page.context().close();
});

test("moves nothing where motion is not wanted", async () => {
  const page = await open(harness, { reducedMotion: "reduce" });
  await isLive(page);
  const moving = await page.evaluate(() =>
    [...document.querySelectorAll("*")].some((element) => {
      const { animationName, transitionDuration } = getComputedStyle(element);
      return animationName !== "none" || /[1-9]/.test(transitionDuration);
    }),
  );
  assert.ok(!moving);
  await page.context().close();
});

test("nothing broke on the way: no exception, no breach of the policy, no foreign request", () => {
  assert.deepEqual(faults, []);
});
