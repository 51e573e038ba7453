import { roomChannel } from "./channel-names.js";
import type { ChangeSpec } from "./client-messages.js";
import type { Consumer, SubscriptionStatus } from "./consumer.js";
import { consumerOf, type Broadcast, type ChannelOptions, type ElementFilter, type PresenceEvent, type RowChange } from "./listeners.js";
import type { RealtimeError } from "./realtime-error.js";
import type { EventPayload, OperationPayload, PresenceMap, Row } from "./server-messages.js";
import { guard } from "./store.js";

export type * from "./listeners.js";

/** What a channel needs of the client. */
export interface ChannelHost {
  add(consumer: Consumer): () => void;
  publish(channel: string, event: string, data: unknown): Promise<void>;
  track(channel: string, meta: Record<string, unknown> | undefined): Promise<void>;
}

interface Part {
  consumer: Consumer;
  listener?: (value: never) => void;
  release?: () => void;
}

export type StatusListener = (status: SubscriptionStatus, error?: RealtimeError) => void;

/**
 * Several listeners of mixed kinds under one name. Row changes come over `db:<schema>.<table>`, broadcast and presence
 * over `room:<name>`, element events over the name itself.
 */
export class Channel {
  readonly #parts: Part[] = [];
  readonly #pending = new Set<Part>();
  readonly #listeners = new Set<StatusListener>();
  #presences: PresenceMap = {};
  #joined = false;
  #said: SubscriptionStatus = "CLOSED";

  constructor(
    readonly name: string,
    private readonly host: ChannelHost,
    private readonly options: ChannelOptions = {},
  ) {}

  on<T extends Row = Row>(kind: "postgres_changes", spec: ChangeSpec, listener: (change: RowChange<T>) => void): this;
  on(kind: "broadcast", filter: { event: string }, listener: (broadcast: Broadcast) => void): this;
  on(kind: "presence", filter: { event: "sync" }, listener: () => void): this;
  on(kind: "presence", filter: { event: "join" }, listener: (event: PresenceEvent & { event: "join" }) => void): this;
  on(kind: "presence", filter: { event: "leave" }, listener: (event: PresenceEvent & { event: "leave" }) => void): this;
  on(kind: "event", filter: ElementFilter, listener: (event: EventPayload) => void): this;
  on(kind: "operation", filter: object, listener: (operation: OperationPayload) => void): this;
  on(kind: string, filter: object, listener: (value: never) => void): this {
    const { name, options } = this;
    const tell = listener as (value: unknown) => void;
    const consumer = consumerOf({ name, kind, filter, tell, options, present: (state) => (this.#presences = state) });
    const part = { consumer, listener };
    this.#parts.push(part);
    if (this.#joined) this.#join(part);
    return this;
  }

  /** Takes a listener given to on() away; its part of the subscription ends when nobody else needs it. */
  off(listener: (value: never) => void): this {
    for (const part of this.#parts.filter((one) => one.listener === listener)) {
      this.#parts.splice(this.#parts.indexOf(part), 1);
      this.#pending.delete(part);
      part.release?.();
    }
    return this;
  }

  /** The listener hears SUBSCRIBED when every part is live, again after each reconnection. */
  subscribe(listener?: StatusListener): this {
    if (listener) this.#listeners.add(listener);
    if (this.#joined) {
      if (listener && this.#said === "SUBSCRIBED") queueMicrotask(() => guard(() => listener(this.#said)));
      return this;
    }
    this.#joined = true;
    if (this.#parts.length === 0) this.#parts.push({ consumer: { channel: this.name } });
    for (const part of this.#parts) this.#join(part);
    return this;
  }

  unsubscribe(): void {
    if (!this.#joined) return;
    this.#joined = false;
    this.#pending.clear();
    for (const part of this.#parts) part.release?.();
    this.#tell("CLOSED");
    this.#listeners.clear();
  }

  /** Sends to everyone else on the channel; resolves when the sidecar has taken it. */
  send({ event, payload }: { type: "broadcast"; event: string; payload?: unknown }): Promise<void> {
    return this.host.publish(roomChannel(this.name), event, payload);
  }

  /** Says that one is here, with some words about oneself; said again after each reconnection. */
  track(meta: Record<string, unknown>): Promise<void> {
    return this.host.track(roomChannel(this.name), meta);
  }

  untrack(): Promise<void> {
    return this.host.track(roomChannel(this.name), undefined);
  }

  /** Who is here, by key. */
  presenceState(): PresenceMap {
    return this.#presences;
  }

  #join(part: Part): void {
    this.#pending.add(part);
    const status: StatusListener = (word, error) => {
      if (!this.#joined || !this.#parts.includes(part)) return;
      if (word === "SUBSCRIBED") this.#pending.delete(part);
      else this.#pending.add(part);
      if (word !== "SUBSCRIBED" || this.#pending.size === 0) this.#tell(word, error);
    };
    part.release = this.host.add({ ...part.consumer, status });
  }

  /** Each part reports by itself; what is no news is said once. */
  #tell(status: SubscriptionStatus, error?: RealtimeError): void {
    if (!error && status === this.#said) return;
    this.#said = status;
    for (const listener of [...this.#listeners]) guard(() => listener(status, error));
  }
}
