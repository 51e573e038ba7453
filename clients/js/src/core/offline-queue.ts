import type { RealtimeClient } from "./realtime-client.js";
import { Emitter } from "./emitter.js";
import { perClient } from "./per-client.js";
import { openStorage, type QueueStorage, type QueueStorageKind } from "./queue-storage.js";
import type { QueuedMessage } from "./queued-message.js";
import { RealtimeError } from "./realtime-error.js";
import { Store, type ReadableStore } from "./store.js";

export const queueKey = "ws_message_queue";

export interface QueueOptions {
  /** A storage of one's own, or the kind; without it the best there is. */
  storage?: QueueStorage | QueueStorageKind;
  /** Name in the storage; one for each sidecar where an application has several. */
  key?: string;
  /** Sends before a message is dropped. */
  maxRetries?: number;
  batchSize?: number;
  maxMessages?: number;
}

export interface QueueEvents {
  queued: QueuedMessage;
  dropped: { message: QueuedMessage; error: RealtimeError };
}

const retryMs = 1000;

/** Messages that wait for the connection: kept in order, sent again after a failure, dropped with an error in the end. */
export class OfflineQueue {
  readonly #messages = new Store<readonly QueuedMessage[]>([]);
  /** What waits, oldest first. */
  readonly store: ReadableStore<readonly QueuedMessage[]> = this.#messages;
  /** Fulfilled when the stored messages of earlier visits are there. */
  readonly loaded: Promise<void>;
  readonly #storage: QueueStorage;
  readonly #key: string;
  readonly #options: { maxRetries: number; batchSize: number; maxMessages: number };
  readonly #events = new Emitter<QueueEvents>();
  readonly #unsaved = new Set<string>();
  #running: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: RealtimeClient,
    { storage, key = queueKey, maxRetries = 3, batchSize = 10, maxMessages = 1000 }: QueueOptions = {},
  ) {
    this.#storage = typeof storage === "object" ? storage : openStorage(key, storage);
    this.#key = key;
    this.#options = { maxRetries, batchSize, maxMessages };
    this.loaded = this.#reload();
    client.addAfterSync(() => this.flush());
    client.connection.subscribe(() => {
      if (!client.isConnected()) clearTimeout(this.#timer);
    });
    if (client.isConnected()) void this.flush();
  }

  on<Name extends keyof QueueEvents>(name: Name, listener: (value: QueueEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Sends now, or keeps it until there is a connection. What the sidecar refuses for good is thrown, not queued. */
  async sendWithQueue(channel: string, event: string, payload: unknown): Promise<{ queued: boolean }> {
    if (this.client.isConnected() && !this.holds(channel)) {
      try {
        await this.client.publish(channel, event, payload);
        return { queued: false };
      } catch (thrown) {
        if (!mayPass(thrown)) throw thrown;
      }
    }
    await this.enqueue(channel, event, payload);
    return { queued: true };
  }

  get pending(): number {
    return this.#messages.getSnapshot().length;
  }

  /** Something for this channel waits already, so that a later message must not overtake it. */
  holds(channel: string): boolean {
    return this.#messages.getSnapshot().some((message) => message.channel === channel);
  }

  async enqueue(channel: string, event: string, payload: unknown): Promise<QueuedMessage> {
    if (this.pending >= this.#options.maxMessages) {
      throw new RealtimeError("QUEUE_FULL", `${this.pending} messages wait already; this one was not taken.`);
    }
    const newest = this.#messages.getSnapshot().at(-1)?.timestamp ?? 0;
    const timestamp = Math.max(Date.now(), newest + 1);
    const message = { id: newId(), channel, event, payload, timestamp, retries: 0 };
    this.#messages.set([...this.#messages.getSnapshot(), message]);
    this.#events.emit("queued", message);
    // What was stored earlier comes before it.
    await this.loaded;
    await this.#save(message);
    if (this.client.isConnected()) this.#later(retryMs);
    return message;
  }

  /** Sends what waits; one run at a time, also across tabs where the browser has locks. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    return (this.#running ??= this.#run().finally(() => (this.#running = undefined)));
  }

  async clear(): Promise<void> {
    for (const { id } of this.#messages.getSnapshot()) await this.#forget(id);
  }

  async #run(): Promise<void> {
    await this.loaded;
    if (this.pending === 0) return;
    await exclusively(this.#key, async () => {
      await this.#reload();
      const wait = await this.#sendAll();
      if (this.client.isConnected() && this.pending > 0) this.#later(wait);
    });
  }

  /** In batches, in order; behind a message that failed, those of its channel wait too. Returns the wait in ms. */
  async #sendAll(): Promise<number> {
    const blocked = new Set<string>();
    let wait = retryMs;
    for (;;) {
      const open = this.#messages.getSnapshot().filter(({ channel }) => !blocked.has(channel));
      const batch = open.slice(0, this.#options.batchSize);
      if (batch.length === 0) return wait;
      for (const message of batch) {
        if (!this.client.isConnected()) return wait;
        if (blocked.has(message.channel)) continue;
        try {
          await this.client.publish(message.channel, message.event, message.payload, message.id);
          await this.#forget(message.id);
        } catch (thrown) {
          // A lost connection is not the message's fault.
          if (!this.client.isConnected()) return wait;
          const error = thrown as RealtimeError;
          wait = Math.max(wait, error.retryAfterMs ?? 0);
          blocked.add(message.channel);
          await this.#refused(message, error);
        }
      }
    }
  }

  async #refused(message: QueuedMessage, error: RealtimeError): Promise<void> {
    if (error.code === "RATE_LIMITED") return;
    const again = { ...message, retries: message.retries + 1 };
    if (again.retries >= this.#options.maxRetries) {
      await this.#forget(message.id);
      const text = `A message for ${message.channel} was dropped after ${again.retries} attempts: ${error.message}`;
      const final = new RealtimeError("QUEUE_DROPPED", text, { cause: error });
      this.#events.emit("dropped", { message: again, error: final });
      return this.client.fail(final);
    }
    this.#messages.set(this.#messages.getSnapshot().map((one) => (one.id === again.id ? again : one)));
    await this.#save(again);
  }

  #later(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), wait);
  }

  /** The storage decides what is left, for another tab may have sent some. */
  async #reload(): Promise<void> {
    const before = new Set(this.#messages.getSnapshot().map(({ id }) => id));
    try {
      const stored = await this.#storage.load();
      const known = new Set(stored.map(({ id }) => id));
      const own = this.#messages.getSnapshot().filter(
        ({ id }) => !known.has(id) && (this.#unsaved.has(id) || !before.has(id)),
      );
      const all = [...stored, ...own].sort((a, b) => a.timestamp - b.timestamp);
      if (all.length > 0 || this.pending > 0) this.#messages.set(all);
    } catch (cause) {
      this.#storageFailed(cause);
    }
  }

  async #save(message: QueuedMessage): Promise<void> {
    this.#unsaved.add(message.id);
    try {
      await this.#storage.put(message);
      this.#unsaved.delete(message.id);
    } catch (cause) {
      this.#storageFailed(cause);
    }
  }

  async #forget(gone: string): Promise<void> {
    this.#messages.set(this.#messages.getSnapshot().filter(({ id }) => id !== gone));
    this.#unsaved.delete(gone);
    try {
      await this.#storage.remove(gone);
    } catch (cause) {
      this.#storageFailed(cause);
    }
  }

  #storageFailed(cause: unknown): void {
    this.client.fail(new RealtimeError("STORAGE_FAILED", "The offline queue could not be stored; it is kept in memory.", { cause }));
  }
}

/** Worth another try later. */
function mayPass(thrown: unknown): boolean {
  const passing = ["NOT_CONNECTED", "CONNECTION_LOST", "TIMED_OUT", "STALE", "CLOSED", "RATE_LIMITED", "INTERNAL"];
  return thrown instanceof RealtimeError && passing.includes(thrown.code);
}

/** randomUUID exists in secure contexts only. */
function newId(): string {
  if (typeof crypto !== "undefined" && typeof crypto.randomUUID === "function") return crypto.randomUUID();
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

async function exclusively(name: string, act: () => Promise<void>): Promise<void> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  await (locks ? locks.request(name, act) : act());
}

/** The client's queue. Ask for it at the start, so that what an earlier visit left is sent on connect. */
export const offlineQueue = /* @__PURE__ */ perClient((client: RealtimeClient, options: QueueOptions | undefined) => new OfflineQueue(client, options));
