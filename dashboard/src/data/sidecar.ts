import { createClient, DegradedPolling, notices, Store, type RealtimeClient } from "@pgsidecar/client";
import { extend, shownMs, type History } from "../lib/history.js";
import { OperationLog } from "../lib/operation-log.js";
import { Api, ApiError } from "./api.js";
import { readStoredToken, storeToken } from "./token.js";
import { ErrorLog } from "./error-log.js";
import type { HistoryAnswer, Operation, QueueAnswer, StatusAnswer } from "./types.js";

const pollMs = 2000;
const hiddenPollMs = 15_000;
const queuePollMs = 6000;
/** One attempt after the other, for ever: a page that somebody left open has to come back by itself. */
const patience = { baseMs: 1000, factor: 2, maxMs: 30_000, jitter: 0.2, maxAttempts: 0 };

/** Whether polling reaches the sidecar. */
export interface Contact {
  ok: boolean;
  /** Wall clock ms of the first poll that failed in a row. */
  lostAt: number | null;
  why: string | null;
}

/** Everything the page knows of its sidecar, and the two ways to it: the feed and polling. */
export class Sidecar {
  readonly api: Api;
  readonly client: RealtimeClient;
  readonly status = new Store<StatusAnswer | null>(null);
  readonly contact = new Store<Contact>({ ok: false, lostAt: null, why: null });
  readonly history = new Store<History | null>(null);
  /** Why there is no history, in words; null while it comes. */
  readonly historyFault = new Store<string | null>(null);
  /** Counts of the spool; null where nobody may see them. */
  readonly queue = new Store<QueueAnswer | null>(null);
  /** The outcome of what the user asked for last, for the ears. */
  readonly said = new Store("");
  readonly token = new Store<"fine" | "needed" | "refused">("fine");
  readonly operations = new OperationLog((task) => void requestAnimationFrame(task));
  readonly operationsFault = new Store<string | null>(null);
  readonly errors = new ErrorLog();
  /** The sidecar's clock minus this machine's, ms. */
  skewMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #polls = 0;
  #polledAt = 0;
  #queueAt = 0;

  constructor(base: URL) {
    this.api = new Api(base);
    this.api.onUnauthorized = () => this.#refused();
    this.client = createClient({ url: new URL("ws", base), token: readStoredToken, reconnect: patience });
    this.#listen();
  }

  start(): void {
    void this.poll();
    this.client.connect();
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.poll();
    });
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  /** The user's own try: both ways at once. */
  retryNow(): void {
    this.client.reconnect();
    void this.poll();
  }

  /** Shows and speaks the outcome of something the user did. */
  tell(kind: "success" | "warning" | "error", message: string): void {
    notices(this.client).add(kind, message);
    this.said.set(message);
  }

  giveToken(token: string): void {
    storeToken(token);
    this.token.set("fine");
    this.retryNow();
  }

  async poll(): Promise<void> {
    const mine = ++this.#polls;
    clearTimeout(this.#timer);
    const before = Date.now();
    this.#polledAt = before;
    try {
      const answer = await this.api.get<StatusAnswer>("api/status");
      if (mine !== this.#polls) return;
      this.skewMs = Date.parse(answer.now) - (before + Date.now()) / 2;
      this.status.set(answer);
      this.contact.set({ ok: true, lostAt: null, why: null });
      if (answer.error) this.errors.database(answer.error);
      await Promise.all([this.#pollHistory(), this.#pollQueue()]);
    } catch (fault) {
      if (mine !== this.#polls) return;
      const { lostAt } = this.contact.getSnapshot();
      const answered = fault instanceof ApiError && fault.status !== 0;
      this.contact.set({ ok: answered, lostAt: answered ? null : (lostAt ?? before), why: (fault as Error).message });
    }
    if (mine !== this.#polls || this.token.getSnapshot() !== "fine") return;
    this.#timer = setTimeout(() => void this.poll(), document.hidden ? hiddenPollMs : pollMs);
  }

  /** While the database comes and goes its status may change many times a second. */
  #pollSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.poll(), Math.max(0, this.#polledAt + 1000 - Date.now()));
  }

  async #pollHistory(): Promise<void> {
    const known = this.history.getSnapshot();
    const all = Math.floor(this.now() - shownMs);
    const get = (since: number): Promise<HistoryAnswer> => this.api.get(`api/history?since=${since}`);
    try {
      let answer = await get(known?.at.at(-1) ?? all);
      if (known && answer.startedAtMs !== known.startedAtMs) answer = await get(all);
      this.history.set(extend(known, answer));
      this.historyFault.set(null);
    } catch (fault) {
      if (fault instanceof ApiError && fault.status === 0) throw fault;
      this.historyFault.set((fault as Error).message);
    }
  }

  /** The spool's counts belong to the verdict, so they are asked for wherever the reader is on the page. */
  async #pollQueue(): Promise<void> {
    if (Date.now() - this.#queueAt < queuePollMs) return;
    this.#queueAt = Date.now();
    try {
      this.queue.set(await this.api.get<QueueAnswer>("api/queue?limit=1"));
    } catch {
      // The panel of the spool says why.
      this.queue.set(null);
    }
  }

  #listen(): void {
    const { client } = this;
    client
      .channel("database:operations")
      .on("operation", {}, () => undefined)
      .subscribe((status, fault) => {
        if (status === "SUBSCRIBED") void this.#seed();
        if (fault) this.operationsFault.set(fault.message);
      });
    client.on("message", (message) => {
      if (message.type === "operation") {
        const { skipped = 0 } = message as { skipped?: number };
        this.operations.add(message.payload as Operation, skipped);
        this.errors.operation(message.payload as Operation);
      }
      if (message.type === "database:error") this.errors.database(message.payload);
      if (message.type === "database:status") this.#pollSoon();
    });
    // Without the feed the list is at least as new as the last poll.
    new DegradedPolling(client, { poll: () => this.#seed(), intervalMs: pollMs }).start();
    client.connection.subscribe(() => {
      if (client.connection.getSnapshot().reason === "auth") void this.poll();
    });
  }

  async #seed(): Promise<void> {
    try {
      const latest = await this.api.get<{ operations: Operation[] }>("api/operations");
      this.operations.seed(latest.operations);
      const failed = await this.api.get<{ operations: Operation[] }>("api/operations?success=false");
      for (const operation of failed.operations) this.errors.operation(operation);
      this.operationsFault.set(null);
    } catch (fault) {
      this.operationsFault.set((fault as Error).message);
    }
  }

  #refused(): void {
    this.token.set(readStoredToken() === null ? "needed" : "refused");
    this.client.disconnect();
  }
}
