import type { Channel, RowChange } from "./channel.js";
import type { SubscriptionStatus } from "./consumer.js";
import { classifyError, getRecoveryStrategy } from "./error-class.js";
import type { Row } from "./server-messages.js";
import { asError } from "./realtime-error.js";
import { Store, type ReadableStore } from "./store.js";

export interface RowListOptions<T extends Row> {
  table: string;
  schema?: string;
  filter?: string;
  /** Column that tells rows apart. Default `id`. */
  primaryKey?: string;
  /**
   * The rows at the start, after something was missed, and after changes that came without their row, as from the
   * source `proxy`. Without it the list grows from changes alone.
   */
  load?: () => Promise<readonly T[]>;
}

export interface RowListSnapshot<T extends Row> {
  rows: readonly T[];
  /** Subscribed and loaded. */
  ready: boolean;
  error: Error | null;
}

/** Changes that come fast are shown together. */
const batchMs = 16;
/** Least time between two loads because of changes without rows. */
const reloadMs = 250;
/** A load that failed is tried again, by the strategy of its error's class and no sooner than this. */
const leastRetryMs = 2000;

/**
 * One table's rows kept up to date: subscribe, load, then the changes that came meanwhile, so that there is no hole.
 */
export class RowList<T extends Row = Row> {
  readonly #state = new Store<RowListSnapshot<T>>({ rows: [], ready: false, error: null });
  readonly store: ReadableStore<RowListSnapshot<T>> = this.#state;
  readonly #byKey = new Map<unknown, T>();
  #buffered: RowChange[] | undefined = [];
  #loading = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #live = false;
  /** A change came without its row: the source only knows that something was written. */
  #unknown = false;

  constructor(
    private readonly channel: Channel,
    private readonly options: RowListOptions<T>,
  ) {}

  start(): void {
    const { schema, table, filter } = this.options;
    const spec = { event: "*" as const, table, ...(schema ? { schema } : {}), ...(filter ? { filter } : {}) };
    this.channel.on("postgres_changes", spec, this.#changed).subscribe(this.#heard);
  }

  stop(): void {
    this.#loading += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.channel.off(this.#changed);
  }

  /** Loads anew, as after a gap. */
  async reload(): Promise<void> {
    const { load } = this.options;
    const number = ++this.#loading;
    clearTimeout(this.#retry);
    this.#buffered ??= [];
    try {
      const rows = load && (await load());
      if (number !== this.#loading) return;
      if (rows) {
        this.#byKey.clear();
        for (const row of rows) this.#byKey.set(this.#keyOf(row), row);
      }
      this.#unknown = false;
      const changes = this.#buffered;
      this.#buffered = undefined;
      for (const change of changes) this.#apply(change);
      this.#publish({ ready: true, error: null });
      if (this.#unknown) this.#timer = setTimeout(() => this.#settle(), reloadMs);
    } catch (thrown) {
      if (number !== this.#loading) return;
      this.#state.patch({ error: asError(thrown) });
      const { delay } = getRecoveryStrategy(classifyError(thrown));
      this.#retry = setTimeout(() => void this.reload(), Math.max(delay, leastRetryMs));
    }
  }

  readonly #changed = (change: RowChange): void => {
    if (this.#buffered) {
      this.#buffered.push(change);
      return;
    }
    this.#apply(change);
    this.#timer ??= setTimeout(() => this.#settle(), batchMs);
  };

  readonly #heard = (status: SubscriptionStatus, error?: Error): void => {
    if (status === "SUBSCRIBED" && !this.#live) {
      this.#live = true;
      void this.reload();
    }
    if (error) this.#state.patch({ error });
  };

  #apply({ eventType, new: row, old }: RowChange): void {
    const nameless = this.#keyOf(eventType === "DELETE" ? old : row) === undefined;
    if (eventType === "TRUNCATE") this.#byKey.clear();
    else if (nameless) this.#unknown = true;
    else if (eventType === "DELETE") this.#byKey.delete(this.#keyOf(old));
    else {
      // An UPDATE may change the key, and leaves out big values that did not change.
      const before = this.#keyOf(old) ?? this.#keyOf(row);
      const known = this.#byKey.get(before);
      if (known && before !== this.#keyOf(row)) this.#byKey.delete(before);
      this.#byKey.set(this.#keyOf(row), { ...known, ...row } as T);
    }
  }

  #keyOf(row: Row): unknown {
    return row[this.options.primaryKey ?? "id"];
  }

  #settle(): void {
    if (this.#unknown && this.options.load) void this.reload();
    else this.#publish({});
  }

  #publish(members: Partial<RowListSnapshot<T>>): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#state.patch({ ...members, rows: [...this.#byKey.values()] });
  }
}
