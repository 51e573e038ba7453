// The page in a real browser, against ws_harness. Pictures go to the folder PAGE_PICTURES when it is set.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Harness, until } from "./harness.mjs";
import { launch } from "./chromium.mjs";

const { browser, missing } = await launch();
if (missing) {
  if (process.env.CI) throw new Error(missing);
  console.log(`SKIPPED: ${missing}`);
  process.exit(0);
}

let harness;
const faults = [];
before(async () => (harness = await Harness.start()));
after(async () => {
  await browser.close();
  await harness.end();
});

async function open(options = {}, target = harness) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (fault) => faults.push(String(fault)));
  page.on(
    "console",
    (message) => /Content Security Policy/i.test(message.text()) && faults.push(message.text()),
  );
  page.on(
    "request",
    (request) =>
      !request.url().startsWith(target.origin) && faults.push(`foreign request ${request.url()}`),
  );
  await page.goto(target.origin + (options.fragment ?? ""));
  return page;
}

const text = (page, selector) => page.locator(selector).innerText();
const sees = (page, selector, pattern) =>
  until(`${selector} shows ${pattern}`, async () => pattern.test(await text(page, selector)));
const rows = (page) => page.locator("#rows tr").count();
async function picture(page, name) {
  if (process.env.PAGE_PICTURES)
    await page.screenshot({ path: `${process.env.PAGE_PICTURES}/${name}.png` });
}

async function connectDatabase() {
  await harness.say("status connected Connected to PostgreSQL");
  await harness.say("health good 1.8");
}

test("follows the status of the database", async () => {
  const page = await open();
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
  await picture(page, "unreachable");
  await connectDatabase();
  await sees(page, "#verdict-word", /^Connected$/);
  await page.click("#check");
  await sees(page, "#action-result", /Checked at .* 1\.3 ms/);
  assert.equal(await page.locator("[aria-live]").count(), 1);
  await page.context().close();
});

test("shows operations as they come, with failures marked by word", async () => {
  const page = await open();
  await sees(page, "#line-text", /Live/);
  await until("the page subscribes", async () => (await harness.counts()).wantsOperations);
  await harness.say("operations 3");
  await harness.say("operations 1 failed");
  await until("four rows", async () => (await rows(page)) === 4);
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
  await page.fill("#filter", "");
  assert.equal(await rows(page), 4);
  await picture(page, "operations");
  await page.reload();
  await until("the rows are there again after a reload", async () => (await rows(page)) === 4);
  await page.context().close();
});

test("pause keeps the table still, by mouse and by key", async () => {
  const page = await open();
  await until("the rows so far", async () => (await rows(page)) === 4);
  await page.click("#pause");
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
  await harness.say("operations 2");
  await sees(page, "#pause", /Resume \(2 new\)/);
  assert.equal(await rows(page), 4);
  await page.locator("body").press("p");
  await until("the rows that waited", async () => (await rows(page)) === 6);
  await page.fill("#filter", "p");
  assert.equal(
    await page.getAttribute("#pause", "aria-pressed"),
    "false",
    "typing p in a field does not pause",
  );
  await page.context().close();
});

test("text of a statement is text, whatever it says", async () => {
  const page = await open();
  await harness.say('error CONNREFUSED <img src=x onerror="document.title=1"><b>bold</b>');
  await harness.say("status error <script>alert(1)</script>");
  await sees(page, "#verdict-reason", /<b>bold<\/b>/);
  assert.equal(await page.locator("#verdict-reason *").count(), 0);
  await connectDatabase();
  await page.context().close();
});

test("both colour schemes, with readable contrast", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open({ colorScheme });
    await sees(page, "#verdict-word", /^Connected$/);
    await until("rows", async () => (await rows(page)) > 0);
    const worst = await page.evaluate(worstContrast);
    assert.ok(worst.ratio >= 4.5, `${colorScheme}: ${JSON.stringify(worst)}`);
    const luminance = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(/^rgb\(1?\d, /.test(luminance), colorScheme === "dark", luminance);
    await picture(page, colorScheme);
    await page.context().close();
  }
});

test("every control is reached by keyboard in reading order", async () => {
  const page = await open();
  await sees(page, "#line-text", /Live/);
  const reached = [];
  for (let i = 0; i < 12; ++i) {
    await page.keyboard.press("Tab");
    reached.push(
      await page.evaluate(
        () =>
          document.activeElement.id ||
          document.activeElement.className ||
          document.activeElement.tagName,
      ),
    );
  }
  assert.deepEqual(reached.slice(0, 5), ["skip", "check", "filter", "failures", "pause"]);
  await page.context().close();
});

test("fits a phone without scrolling sideways", async () => {
  const page = await open({ viewport: { width: 390, height: 844 } });
  await sees(page, "#line-text", /Live/);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await picture(page, "phone");
  await page.context().close();
});

test("says so when the sidecar goes, and comes back by itself", async () => {
  const other = await Harness.start();
  const page = await open({}, other);
  await sees(page, "#line-text", /Live/);
  await other.end();
  await sees(page, "#banner-text", /Connection to the sidecar lost/);
  await sees(page, "#verdict-word", /No contact/);
  await picture(page, "lost");
  const again = await Harness.start(`http.port=${other.port}`);
  await again.say("status connected");
  await again.say("health good 2");
  await sees(page, "#verdict-word", /^Connected$/);
  assert.ok(await page.isHidden("#banner"));
  await page.context().close();
  await again.end();
});

test("asks for the token, keeps a wrong one out, takes it from the fragment", async () => {
  const closed = await Harness.start("http.token=sésame");
  const page = await open({}, closed);
  await page.waitForSelector("#token-dialog[open]");
  await page.fill("#token", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#token-wrong:visible");
  await picture(page, "token");
  await page.fill("#token", "sésame");
  await page.keyboard.press("Enter");
  await sees(page, "#line-text", /Live/);
  await page.context().close();
  const direct = await open({ fragment: `#token=${encodeURIComponent("sésame")}` }, closed);
  await sees(direct, "#line-text", /Live/);
  assert.ok(!direct.url().includes("token"), direct.url());
  await direct.context().close();
  await closed.end();
});

test("nothing broke on the way: no exception, no breach of the policy, no foreign request", () => {
  assert.deepEqual(faults, []);
});

/** Runs in the page: the least contrast of any visible text against the nearest background. */
function worstContrast() {
  const channels = (color) => {
    const numbers = color.match(/[\d.]+/g).map(Number);
    return color.startsWith("color(")
      ? numbers
          .slice(0, 3)
          .map((n) => n * 255)
          .concat(numbers[3] ?? 1)
      : numbers;
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb
      .slice(0, 3)
      .map((n) => n / 255)
      .map((n) => (n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = channels(getComputedStyle(e).backgroundColor);
      if ((color[3] ?? 1) > 0.99) return color;
    }
    return [255, 255, 255];
  };
  let worst = { ratio: 99 };
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(
      (node) => node.nodeType === 3 && node.textContent.trim(),
    );
    if (!own || !element.checkVisibility() || element.matches(":disabled, .sr, .skip")) continue;
    const [a, b] = [
      luminance(channels(getComputedStyle(element).color)),
      luminance(background(element)),
    ];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < worst.ratio) worst = { ratio, what: element.outerHTML.slice(0, 120) };
  }
  return worst;
}
