// The real pgsidecar and a PostgreSQL of the test's own.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { until } from "./harness.mjs";

const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const psqlProgram = "/usr/lib/postgresql/15/bin/psql";
const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGTERM")));

/** Why they cannot run here; undefined when they can. */
export function missingPrograms() {
  if (!existsSync(process.env.PGSIDECAR ?? ""))
    return "set PGSIDECAR to the pgsidecar program (ctest does)";
  if (!existsSync(psqlProgram)) return "PostgreSQL 15 is missing; run scripts/install-deps";
  return undefined;
}

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

function start(program, parameters, env = process.env) {
  const child = spawn(program, parameters, { env, stdio: ["ignore", "pipe", "pipe"] });
  child.log = "";
  child.stderr
    .setEncoding("utf8")
    .on("data", (chunk) => (child.log = (child.log + chunk).slice(-4000)));
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}

/** Each start is a fresh and empty one, at the same port. */
export class Postgres {
  static async start() {
    const postgres = new Postgres();
    postgres.port = await freePort();
    await postgres.start();
    return postgres;
  }
  get url() {
    return `postgres://app@127.0.0.1:${this.port}/app`;
  }
  async start() {
    this.child = start(join(root, "scripts/throwaway-postgres"), ["--port", String(this.port)]);
    for await (const line of createInterface({ input: this.child.stdout })) {
      if (!line.includes(` port=${this.port} `)) throw new Error(`PostgreSQL moved: ${line}`);
      return;
    }
    throw new Error(`PostgreSQL did not start: ${this.child.log}`);
  }
  stop() {
    return end(this.child);
  }
}

export class Sidecar {
  static async start(postgres, ...flags) {
    const sidecar = new Sidecar();
    sidecar.postgres = postgres;
    sidecar.flags = flags;
    sidecar.folder = mkdtempSync(join(tmpdir(), "pgsidecar-page-"));
    sidecar.port = await freePort();
    sidecar.httpPort = await freePort();
    await sidecar.start();
    return sidecar;
  }
  get origin() {
    return `http://127.0.0.1:${this.httpPort}`;
  }
  async start() {
    const own = [
      `--listen-port=${this.port}`,
      `--http-port=${this.httpPort}`,
      `--outage-spool-dir=${this.folder}/spool`,
    ];
    const env = { ...process.env, DATABASE_URL: this.postgres.url };
    this.child = start(process.env.PGSIDECAR, [...own, ...this.flags], env);
    this.child.stdout.resume();
    await until("pgsidecar answers", async () => {
      if (this.child.exitCode !== null) throw new Error(`pgsidecar ended: ${this.child.log}`);
      return (await fetch(`${this.origin}/livez`).catch(() => undefined))?.status === 200;
    });
  }
  stop() {
    return end(this.child);
  }
  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
  /** One statement through the sidecar; what psql said, errors too. */
  async psql(sql) {
    const url = `postgres://app@127.0.0.1:${this.port}/app`;
    const child = start(psqlProgram, ["-XAtqw", url, "-c", sql]);
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => (said += chunk));
    await new Promise((done) => child.once("close", done));
    return (said + child.log).trim();
  }
}
