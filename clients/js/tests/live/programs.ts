import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const root = resolve(import.meta.dirname, "../../../..");
export const binary = process.env.PGSIDECAR ?? join(root, "build/dev/pgsidecar");
const running = new Set<ChildProcess>();
process.on("exit", () => running.forEach((child) => child.kill("SIGTERM")));

/** Why the suite cannot run here; undefined when it can. */
export function missing(): string | undefined {
  if (!existsSync(binary)) return `${binary} is not there; build it or set PGSIDECAR to the program`;
  if (!existsSync("/usr/lib/postgresql/15/bin/postgres")) return "PostgreSQL 15's server is missing; run scripts/install-deps";
  return undefined;
}

function start(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Ends a program that start() began. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await gone;
}

async function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await new Promise((done) => child.once("close", done));
  return text;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A PostgreSQL of the suite's own. */
export class Postgres {
  private child: ChildProcess | undefined;
  private constructor(readonly port: number) {}

  static async start(): Promise<Postgres> {
    const postgres = new Postgres(await freePort());
    await postgres.start();
    return postgres;
  }

  get url(): string {
    return `postgres://app@127.0.0.1:${this.port}/app`;
  }

  /** Fresh and empty at the same port. */
  async start(): Promise<void> {
    const child = start(join(root, "scripts/throwaway-postgres"), ["--port", String(this.port)]);
    this.child = child;
    let complaints = "";
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (complaints += chunk));
    if (!child.stdout) throw new Error("no output");
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes(` port=${this.port} `)) throw new Error(`PostgreSQL took another port: ${line}`);
      return;
    }
    throw new Error(`PostgreSQL did not start: ${complaints}`);
  }

  async stop(): Promise<void> {
    if (this.child) await end(this.child);
  }
}

export interface SidecarOptions {
  flags?: string[];
  env?: Record<string, string>;
}

/** The real program. */
export class Sidecar {
  private child: ChildProcess | undefined;
  private log = "";
  private readonly spool = mkdtempSync(join(tmpdir(), "pgsidecar-client-"));

  private constructor(
    readonly port: number,
    readonly httpPort: number,
    private readonly options: SidecarOptions,
  ) {}

  static async start(options: SidecarOptions): Promise<Sidecar> {
    const sidecar = new Sidecar(await freePort(), await freePort(), options);
    await sidecar.start();
    return sidecar;
  }

  get url(): string {
    return `http://127.0.0.1:${this.httpPort}`;
  }

  /** At the same ports as before. */
  async start(): Promise<void> {
    const { flags = [], env = {} } = this.options;
    const ports = ["--listen-port", String(this.port), "--http-port", String(this.httpPort)];
    const { DATABASE_URL: _, ...others } = process.env;
    const child = start(binary, [...ports, "--outage-spool-dir", this.spool, ...flags], { ...others, ...env });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.log = (this.log + chunk).slice(-4000)));
    }
    const deadline = Date.now() + 20_000;
    while (!(await this.answers())) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`pgsidecar did not start:\n${this.log}`);
    }
  }

  async stop(): Promise<void> {
    if (this.child) await end(this.child);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.spool, { recursive: true, force: true });
  }

  /** One statement through the sidecar. */
  async psql(sql: string): Promise<string> {
    const url = `postgres://app@127.0.0.1:${this.port}/app`;
    return (await output(start("/usr/lib/postgresql/15/bin/psql", ["-XAtqw", url, "-c", sql]))).trim();
  }

  private async answers(): Promise<boolean> {
    const again = new Promise((done) => setTimeout(done, 50));
    const answer = await fetch(`${this.url}/livez`).catch(() => undefined);
    if (!answer) await again;
    return answer?.status === 200;
  }
}
