import type { RealtimeClient } from "./realtime-client.js";
import type { ConnectionSnapshot } from "./connection-state.js";
import type { Notice } from "./notice.js";
import { offlineQueue } from "./offline-queue.js";
import { perClient } from "./per-client.js";
import { stopTexts } from "./stop-texts.js";
import { Store, type ReadableStore } from "./store.js";

export interface ShownNotice extends Notice {
  id: number;
}

const maxShown = 5;

/** What toasts show: connection events, queued and dropped messages, and client.notify(). Errors stay until dismissed. */
export class Notices {
  readonly #shown = new Store<readonly ShownNotice[]>([]);
  readonly store: ReadableStore<readonly ShownNotice[]> = this.#shown;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  #nextId = 1;
  #was: ConnectionSnapshot;
  #lost = false;
  #users = 0;
  #stops: (() => void)[] = [];

  constructor(
    private readonly client: RealtimeClient,
    private readonly durationMs = 5000,
  ) {
    this.#was = client.connection.getSnapshot();
  }

  /** Watches while anybody does; returns the end of it. */
  start(): () => void {
    if (this.#users++ === 0) this.#watch();
    let started = true;
    return () => {
      if (started && --this.#users === 0) this.#stop();
      started = false;
    };
  }

  /** A word of the application's own. */
  add(kind: Notice["kind"], message: string): void {
    const id = this.#nextId++;
    const kept = this.#shown.getSnapshot().filter((notice) => notice.message !== message);
    this.#shown.set([...kept, { id, kind, message }].slice(-maxShown));
    if (kind !== "error") this.#timers.set(id, setTimeout(() => this.dismiss(id), this.durationMs));
  }

  readonly dismiss = (gone: number): void => {
    clearTimeout(this.#timers.get(gone));
    this.#timers.delete(gone);
    this.#shown.set(this.#shown.getSnapshot().filter(({ id }) => id !== gone));
  };

  #connectionChanged(): void {
    const was = this.#was.state;
    this.#was = this.client.connection.getSnapshot();
    const { state, reason } = this.#was;
    if (state === was) return;
    if (state === "connected") {
      this.add("success", this.#lost ? "Connection restored" : "Connected");
      this.#lost = false;
    }
    if (was === "connected" && state === "reconnecting") {
      this.#lost = true;
      this.add("warning", "Connection lost. Reconnecting...");
    }
    if (state === "error") this.add("error", stopTexts[reason ?? "refused"]);
    if (was === "connected" && state === "disconnected") this.add("info", "Disconnected");
  }

  #watch(): void {
    const queue = offlineQueue(this.client);
    this.#was = this.client.connection.getSnapshot();
    this.#stops = [
      this.client.connection.subscribe(() => this.#connectionChanged()),
      queue.on("queued", () => this.add("info", "Message queued, will send when online")),
      queue.on("dropped", ({ error }) => this.add("error", error.message)),
    ];
  }

  #stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#shown.set([]);
  }
}

export interface NoticesOptions {
  /** How long all but errors are shown, in ms. Default 5000. */
  durationMs?: number;
}

/** The client's notices; add() shows one of the application's own. */
export const notices = /* @__PURE__ */ perClient(
  (client: RealtimeClient, options: NoticesOptions | undefined) => new Notices(client, options?.durationMs),
);
