// Starts ws_harness and talks to it over its standard input.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export class Harness {
  static async start(...settings) {
    const program = process.env.WS_HARNESS;
    if (!program) throw new Error("set WS_HARNESS to the ws_harness program (ctest does)");
    const harness = new Harness();
    // Crowds come from one address here; ws_feed.py tests the limit.
    const all = ["feed.max_sockets_per_address=0", ...settings];
    harness.process = spawn(program, all, { stdio: ["pipe", "pipe", "inherit"] });
    harness.lines = createInterface({ input: harness.process.stdout })[Symbol.asyncIterator]();
    const first = await harness.lines.next();
    if (first.done) throw new Error("ws_harness did not start; its message stands above");
    Object.assign(harness, JSON.parse(first.value));
    return harness;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }
  get socketUrl() {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  /** One command, one answer. */
  async say(command) {
    this.process.stdin.write(`${command}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`ws_harness ended at "${command}"`);
    if (value === "unknown command") throw new Error(`ws_harness does not know "${command}"`);
    return value;
  }

  async counts() {
    return JSON.parse(await this.say("counts"));
  }

  async end() {
    if (this.process.exitCode !== null) return this.process.exitCode;
    this.process.stdin.end();
    const [code] = await once(this.process, "exit");
    return code;
  }
}

/** Asks again until the answer is true; fails with the question after a while. */
export async function until(question, ask, milliseconds = 10000) {
  const deadline = Date.now() + milliseconds;
  while (Date.now() < deadline) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${milliseconds} ms in vain: ${question}`);
}
