// The browser of the page tests: Debian's package chromium, driven by playwright-core.
import { existsSync } from "node:fs";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-features=LocalNetworkAccessChecks",
];

/** { browser } or { missing: why there is none }. */
export async function launch() {
  const program = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ].find((path) => path && existsSync(path));
  if (!program)
    return { missing: "no Chromium: install the package chromium, or set CHROMIUM to its program" };
  let playwright;
  try {
    playwright = await import("playwright-core");
  } catch {
    return { missing: "no playwright-core: run `npm ci` in tests/browser" };
  }
  return {
    browser: await playwright.chromium.launch({
      executablePath: program,
      headless: true,
      args: flags,
    }),
  };
}
