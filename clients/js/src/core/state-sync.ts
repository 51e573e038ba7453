import type { RealtimeClient } from "./realtime-client.js";
import type { ReconnectContext } from "./recovery.js";

export interface StateSyncOptions<T> {
  /** Rows whose updated_at is after `since`, ascending; all rows for null. */
  fetchSince: (since: string | null) => Promise<readonly T[]>;
  apply: (row: T) => void;
  /** A full refetch; with it deletes are seen too. */
  refetch?: () => Promise<void>;
  /** Default: the members `id` and `updated_at`. */
  idOf?: (row: T) => unknown;
  updatedAt?: (row: T) => string;
  /** Where the sync time outlives the page, under `key`. Default localStorage. */
  storage?: Pick<Storage, "getItem" | "setItem">;
  key?: string;
  /** Rows of one moment become visible at different times; so much is asked for twice. Default 2000. */
  overlapMs?: number;
}

/**
 * Catches up by updated_at when the stream could not be resumed. Only times that the server gave count, never the
 * client's clock.
 */
export class StateSync<T> {
  #last: string | null;
  readonly #seen = new Map<unknown, string>();
  readonly #key: string;
  readonly #storage: Pick<Storage, "getItem" | "setItem"> | undefined;

  constructor(private readonly options: StateSyncOptions<T>) {
    this.#key = options.key ?? "last_sync_timestamp";
    this.#storage = options.storage ?? (typeof localStorage === "undefined" ? undefined : localStorage);
    const stored = this.#storage?.getItem(this.#key) ?? null;
    this.#last = stored !== null && !Number.isNaN(Date.parse(stored)) ? stored : null;
  }

  /** Runs after each reconnection that missed something; returns the end of it. */
  attach(client: RealtimeClient): () => void {
    return client.addSync((context) => this.sync(context));
  }

  /** updated_at of the newest row that was seen. */
  get lastSync(): string | null {
    return this.#last;
  }

  /** A row that came over the feed, so that it is not fetched again. */
  observe(row: T): void {
    this.#advance(this.#updatedAt(row));
  }

  async sync({ recovered }: ReconnectContext): Promise<void> {
    if (recovered) return;
    const { fetchSince, refetch, overlapMs = 2000 } = this.options;
    if (refetch) return refetch();
    const since = this.#last === null ? null : new Date(Date.parse(this.#last) - overlapMs).toISOString();
    for (const row of await fetchSince(since)) this.#take(row);
    this.#forget(overlapMs);
  }

  #take(row: T): void {
    const id = this.#idOf(row);
    const at = this.#updatedAt(row);
    if (this.#seen.get(id) === at) return;
    this.options.apply(row);
    this.#seen.set(id, at);
    this.#advance(at);
  }

  #advance(at: string): void {
    if (this.#last !== null && Date.parse(at) <= Date.parse(this.#last)) return;
    this.#last = at;
    try {
      this.#storage?.setItem(this.#key, at);
    } catch {
      // Full or forbidden: the next visit fetches more than it needs.
    }
  }

  /** Only what the next fetch may bring again is remembered. */
  #forget(overlapMs: number): void {
    const from = Date.parse(this.#last ?? "") - overlapMs;
    for (const [id, at] of this.#seen) if (Date.parse(at) < from) this.#seen.delete(id);
  }

  #idOf(row: T): unknown {
    return this.options.idOf ? this.options.idOf(row) : (row as { id?: unknown }).id;
  }

  #updatedAt(row: T): string {
    return this.options.updatedAt ? this.options.updatedAt(row) : String((row as { updated_at?: unknown }).updated_at);
  }
}
