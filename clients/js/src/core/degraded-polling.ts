import type { RealtimeClient } from "./realtime-client.js";
import { isOnline } from "./environment.js";
import { asError } from "./realtime-error.js";
import { Store, type ReadableStore } from "./store.js";

export interface DegradedSnapshot {
  /** Polling, because the WebSocket fails. */
  active: boolean;
  lastPollAt: number | null;
  error: Error | null;
}

export interface DegradedPollingOptions {
  /** Fetches the newest data and applies it. */
  poll: () => Promise<void>;
  /** Default 5000. */
  intervalMs?: number;
}

/** Polls while the WebSocket fails and stops when it is back; one poll at a time, none while offline. */
export class DegradedPolling {
  readonly #state = new Store<DegradedSnapshot>({ active: false, lastPollAt: null, error: null });
  readonly store: ReadableStore<DegradedSnapshot> = this.#state;
  #timer: ReturnType<typeof setInterval> | undefined;
  #busy = false;

  constructor(
    private readonly client: RealtimeClient,
    private readonly options: DegradedPollingOptions,
  ) {}

  /** Returns the end of it. */
  start(): () => void {
    const stop = this.client.connection.subscribe(() => this.#follow());
    this.#follow();
    return () => {
      stop();
      this.#exit();
    };
  }

  #follow(): void {
    const { state } = this.client.connection.getSnapshot();
    if (state === "reconnecting" || state === "error") this.#enter();
    if (state === "connected" || state === "disconnected") this.#exit();
  }

  #enter(): void {
    if (this.#timer !== undefined) return;
    this.#state.patch({ active: true });
    this.#timer = setInterval(() => void this.#poll(), this.options.intervalMs ?? 5000);
  }

  #exit(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#state.patch({ active: false });
  }

  async #poll(): Promise<void> {
    if (this.#busy || !isOnline()) return;
    this.#busy = true;
    try {
      await this.options.poll();
      this.#state.patch({ lastPollAt: Date.now(), error: null });
    } catch (thrown) {
      this.#state.patch({ error: asError(thrown) });
    } finally {
      this.#busy = false;
    }
  }
}
