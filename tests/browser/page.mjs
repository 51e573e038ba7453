// What the tests of the page share: opening it, waiting for what it shows, and everything that must never happen.
import { launch } from "./chromium.mjs";
import { until } from "./harness.mjs";

const { browser, missing } = await launch();
if (missing) {
  if (process.env.CI) throw new Error(missing);
  console.log(`SKIPPED: ${missing}`);
  process.exit(0);
}

export { browser };

/** Exceptions, console errors, breaches of the content policy, and requests to elsewhere, of all pages. */
export const faults = [];

/** What a browser writes to the console about every answer that is no 2xx and every socket that fails. */
const networkWords = /^(Failed to load resource|WebSocket connection to)/;

/** options: Playwright's for a context, and `fragment`; `trouble`: requests will fail on purpose. */
export async function open(target, { fragment = "", trouble = false, prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("pageerror", (fault) => faults.push(String(fault)));
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    if (trouble && networkWords.test(message.text())) return;
    faults.push(message.text());
  });
  page.on(
    "request",
    (request) =>
      !request.url().startsWith(target.origin) && faults.push(`foreign request ${request.url()}`),
  );
  if (process.env.PAGE_DIST) await serveFrom(process.env.PAGE_DIST, context, target);
  await prepare?.(page);
  await page.goto(target.origin + "/" + fragment);
  return page;
}

/** With PAGE_DIST a page is tried that is not built into the program yet; the headers are the program's own. */
async function serveFrom(folder, context, target) {
  for (const name of ["", "app.js", "app.css"]) {
    await context.route(`${target.origin}/${name}`, async (route) =>
      route.fulfill({
        response: await route.fetch(),
        path: `${folder}/${name || "index.html"}`,
      }),
    );
  }
}

export const text = (page, selector) => page.locator(selector).innerText();
export async function sees(page, selector, pattern, milliseconds) {
  let shown = "";
  try {
    await until(
      `${selector} shows ${pattern}`,
      async () => pattern.test((shown = (await page.locator(selector).allInnerTexts()).join("\n"))),
      milliseconds,
    );
  } catch (fault) {
    throw new Error(`${fault.message}; it shows "${shown.slice(0, 300)}"`);
  }
}
export const count = (page, selector) => page.locator(selector).count();
export const isLive = (page) => sees(page, ".pgs-status", /Live/);

/** Scrolls to a part of the page, for parts ask the sidecar only while they are seen. */
export async function goTo(page, part) {
  await page.locator(`#${part}`).scrollIntoViewIfNeeded();
}

/** Pictures go to the folder PAGE_PICTURES when it is set. */
export async function picture(page, name, options = {}) {
  if (process.env.PAGE_PICTURES)
    await page.screenshot({ path: `${process.env.PAGE_PICTURES}/${name}.png`, ...options });
}

/** What has the focus, by id, accessible name or words. */
export function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    return (
      element.id || element.getAttribute("aria-label") || element.textContent.trim().slice(0, 40)
    );
  });
}

/** Runs in the page: the least contrast of any visible text against the nearest background. */
export function worstContrast() {
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
