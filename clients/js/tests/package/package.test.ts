import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const folder = resolve(import.meta.dirname, "../..");
const dist = join(folder, "dist");
if (!existsSync(join(dist, "index.js"))) throw new Error("dist/ is not there; run npm run build first");

/** Bytes of what an application gets from an import, minified and compressed. */
async function size(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["react", "solid-js"],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

describe("the size, minified and gzipped", () => {
  it("of the core is under 8 kB", async () => {
    const bytes = await size('export { createClient } from "@pgsidecar/client";');
    console.log(`core: ${bytes} bytes`);
    expect(bytes).toBeGreaterThan(2000);
    expect(bytes).toBeLessThan(8000);
  });

  it("of everything in the main entry is under 15 kB", async () => {
    const bytes = await size('export * from "@pgsidecar/client";');
    console.log(`all: ${bytes} bytes`);
    expect(bytes).toBeLessThan(15_000);
  });
});

describe("the built package", () => {
  // solid.js is for browsers; the server has its own.
  const names = ["index", "react", "solid-server"];
  const require = createRequire(import.meta.url);

  it.each(names)("%s has the same exports as ESM and CommonJS", async (name) => {
    const esm = (await import(join(dist, `${name}.js`))) as object;
    const cjs = require(join(dist, `${name}.cjs`)) as object;
    expect(Object.keys(cjs).sort()).toEqual(Object.keys(esm).sort());
    expect(Object.keys(esm).length).toBeGreaterThan(10);
  });

  it("has the same hooks and components for React and Solid", () => {
    const react = require(join(dist, "react.cjs")) as object;
    const solid = require(join(dist, "solid-server.cjs")) as object;
    expect(Object.keys(solid).sort()).toEqual(Object.keys(react).sort());
  });

  it("resolves by its own name in Node, both ways, to one core", () => {
    const code = `
      const assert = require("node:assert");
      const core = require("@pgsidecar/client");
      assert.equal(typeof core.createClient, "function");
      assert.equal(typeof require("@pgsidecar/client/react").useRealtimeConnection, "function");
      assert.equal(typeof require("@pgsidecar/client/solid").useRealtimeConnection, "function");
      import("@pgsidecar/client/react").then(() => console.log("ok"));`;
    expect(execFileSync(process.execPath, ["-e", code], { cwd: folder, encoding: "utf8" }).trim()).toBe("ok");
  });

  it("renders Solid's components on a server", () => {
    const code = `
      const { renderToString } = require("solid-js/web");
      const { RealtimeStatus, QueueStatus } = require("@pgsidecar/client/solid");
      console.log(renderToString(() => [RealtimeStatus({}), QueueStatus({})]));`;
    const html = execFileSync(process.execPath, ["-e", code], { cwd: folder, encoding: "utf8" });
    expect(html).toContain("Offline");
    expect(html).not.toContain("style=");
  });

  it("has no dependencies of its own, and marks React's entry for clients", () => {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest.dependencies).toBeUndefined();
    expect(readFileSync(join(dist, "react.js"), "utf8")).toMatch(/^"use client";/);
    expect(readFileSync(join(dist, "react.js"), "utf8")).toContain('from "@pgsidecar/client"');
    expect(readFileSync(join(dist, "styles.css"), "utf8")).toContain(".pgs-dot");
  });
});
