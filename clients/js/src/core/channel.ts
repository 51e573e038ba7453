import { changesChannel, operationsChannel, roomChannel } from "./channel-names.js";
import type { BroadcastOptions, ChangeSpec, PresenceOptions } from "./client-messages.js";
import type { Consumer, SubscriptionStatus } from "./consumer.js";
import type { PresenceChange } from "./presence-state.js";
import type { RealtimeError } from "./realtime-error.js";
import type {
  ChangePayload,
  EventPayload,
  OperationPayload,
  PresenceMap,
  PresenceMeta,
  Row,
} from "./server-messages.js";
import { guard } from "./store.js";

/** A row change as listeners get it: `new` and `old` are always objects, empty where the server sent none. */
export type RowChange<T extends Row = Row> = Omit<ChangePayload, "new" | "old"> & { new: T; old: Partial<T> };

export interface Broadcast {
  event: string;
  payload: unknown;
  from: string | undefined;
  messageId: string | undefined;
}

export type PresenceEvent =
  | { event: "sync" }
  | { event: "join"; key: string; newPresences: PresenceMeta[] }
  | { event: "leave"; key: string; leftPresences: PresenceMeta[] };

export interface ElementFilter {
  action?: EventPayload["action"];
  /** The element's type. */
  type?: string;
}

export interface ChannelOptions {
  broadcast?: BroadcastOptions;
  presence?: PresenceOptions;
}

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
    switch (kind) {
      case "postgres_changes":
        return this.#add(changesConsumer(filter as ChangeSpec, listener), listener);
      case "broadcast":
        return this.#add(this.#broadcastConsumer((filter as { event: string }).event, listener), listener);
      case "presence":
        return this.#add(this.#presenceConsumer((filter as { event: string }).event, listener), listener);
      case "event":
        return this.#add(eventConsumer(this.name, filter, listener), listener);
      case "operation":
        return this.#add(operationConsumer(listener), listener);
      default:
        throw new TypeError(`A channel has no "${kind}"; it has postgres_changes, broadcast, presence, event, operation.`);
    }
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

  #add(consumer: Consumer, listener: (value: never) => void): this {
    const part = { consumer, listener };
    this.#parts.push(part);
    if (this.#joined) this.#join(part);
    return this;
  }

  #join(part: Part): void {
    this.#pending.add(part);
    const status: StatusListener = (word, error) => this.#heard(part, word, error);
    part.release = this.host.add({ ...part.consumer, status });
  }

  #heard(part: Part, status: SubscriptionStatus, error?: RealtimeError): void {
    if (!this.#joined || !this.#parts.includes(part)) return;
    if (status === "SUBSCRIBED") {
      this.#pending.delete(part);
      if (this.#pending.size === 0) this.#tell(status);
    } else {
      this.#pending.add(part);
      this.#tell(status, error);
    }
  }

  /** Each part reports by itself; what is no news is said once. */
  #tell(status: SubscriptionStatus, error?: RealtimeError): void {
    if (!error && status === this.#said) return;
    this.#said = status;
    for (const listener of [...this.#listeners]) guard(() => listener(status, error));
  }

  #broadcastConsumer(event: string, listener: (value: never) => void): Consumer {
    return {
      channel: roomChannel(this.name),
      ...(this.options.broadcast ? { broadcast: this.options.broadcast } : {}),
      deliver: (message) => {
        if (message.type !== "broadcast" || (event !== "*" && message.payload.event !== event)) return;
        const { data, from, messageId } = message.payload;
        (listener as (value: Broadcast) => void)({ event: message.payload.event, payload: data, from, messageId });
      },
    };
  }

  #presenceConsumer(event: string, listener: (value: never) => void): Consumer {
    const tell = listener as (value: PresenceEvent) => void;
    return {
      channel: roomChannel(this.name),
      presence: this.options.presence ?? {},
      presenceChanged: (state, change) => {
        this.#presences = state;
        for (const one of presenceEvents(change)) if (one.event === event) tell(one);
      },
    };
  }
}

function presenceEvents({ joins, leaves }: PresenceChange): PresenceEvent[] {
  return [
    ...Object.entries(joins).map(([key, newPresences]) => ({ event: "join" as const, key, newPresences })),
    ...Object.entries(leaves).map(([key, leftPresences]) => ({ event: "leave" as const, key, leftPresences })),
    { event: "sync" },
  ];
}

function changesConsumer(change: ChangeSpec, listener: (change: never) => void): Consumer {
  return {
    channel: changesChannel(change.table, change.schema),
    change,
    deliver: (message) => {
      if (message.type !== "change") return;
      const { payload } = message;
      (listener as (change: RowChange) => void)({ ...payload, new: payload.new ?? {}, old: payload.old ?? {} });
    },
  };
}

function eventConsumer(channel: string, filter: ElementFilter, listener: (event: never) => void): Consumer {
  return {
    channel,
    deliver: (message) => {
      if (message.type !== "event") return;
      const { action, element } = message.payload;
      if ((filter.action ?? action) !== action || (filter.type ?? element.type) !== element.type) return;
      (listener as (event: EventPayload) => void)(message.payload);
    },
  };
}

function operationConsumer(listener: (operation: never) => void): Consumer {
  return {
    channel: operationsChannel,
    deliver: (message) => {
      if (message.type === "operation") (listener as (operation: OperationPayload) => void)(message.payload);
    },
  };
}
