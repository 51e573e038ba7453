import type { ChangeSpec, Position, SubscribePayload } from "./client-messages.js";
import type { Consumer, SubscriptionStatus } from "./consumer.js";
import { PresenceState, type PresenceChange } from "./presence-state.js";
import type { RealtimeError } from "./realtime-error.js";
import type { ChangeMessage, ServerMessage } from "./server-messages.js";
import { guard } from "./store.js";

/** How long the server may wait for its change source before it answers. */
export const sourceWaitMs = 10_000;

const keyOf = ({ event = "*", schema = "public", table, filter = "", select = [] }: ChangeSpec): string =>
  JSON.stringify([event, schema, table, filter, select]);

/** One channel of the wire and all who listen on it. */
export class WireSubscription {
  readonly consumers = new Set<Consumer>();
  readonly presence = new PresenceState();
  status: SubscriptionStatus | "pending" = "pending";
  /** What the last subscribe asked for; undefined: none on this socket. */
  asked: string | undefined;
  /** What this client tracks here, told again after a reconnection. */
  tracked: Record<string, unknown> | undefined;
  /** The place from which a lost subscription is to be continued, until it is live again. */
  since: Position | undefined;
  /** Asks again after a refusal that may pass. */
  retry: ReturnType<typeof setTimeout> | undefined;
  readonly #specs = new Map<number, string>();

  constructor(readonly channel: string) {}

  /** All wishes in one subscribe. */
  payload(): SubscribePayload {
    const payload: SubscribePayload = {};
    const changes = new Map<string, ChangeSpec>();
    for (const { change, broadcast, presence } of this.consumers) {
      if (change) changes.set(keyOf(change), change);
      if (broadcast) payload.broadcast = { ...payload.broadcast, ...broadcast };
      if (presence) payload.presence = { enabled: true, ...payload.presence, ...presence };
    }
    if (changes.size > 0) {
      Object.assign(payload, { changes: [...changes.values()], wait: true, waitTimeoutMs: sourceWaitMs });
    }
    return payload;
  }

  /** The server numbered the change specs in the order they were sent. */
  accepted({ changes = [] }: SubscribePayload, result: Record<string, unknown>): void {
    const numbers = Array.isArray(result.subs) ? result.subs : [];
    changes.forEach((change, index) => this.#specs.set(Number(numbers[index]), keyOf(change)));
  }

  settle(status: SubscriptionStatus, error?: RealtimeError): void {
    this.status = status;
    for (const { status: tell } of [...this.consumers]) if (tell) guard(() => tell(status, error));
  }

  /** The socket is gone. */
  lost(place: Position | undefined): void {
    clearTimeout(this.retry);
    this.since ??= place;
    if (this.status === "SUBSCRIBED") this.settle("CLOSED");
    this.status = "pending";
    this.asked = undefined;
    this.#specs.clear();
  }

  deliver(message: ServerMessage): void {
    const wanted = message.type === "change" && this.#specsOf(message);
    for (const { type, change, deliver } of [...this.consumers]) {
      if (type !== message.type || (wanted && change && !wanted(change))) continue;
      guard(() => deliver?.(message.payload as never));
    }
  }

  presenceChanged(change: PresenceChange): void {
    for (const { presenceChanged: tell } of [...this.consumers]) {
      if (tell) guard(() => tell(this.presence.current, change));
    }
  }

  /** A server that gave no numbers is matched by the kind of change; it had one spec to filter by. */
  #specsOf({ payload }: ChangeMessage): (spec: ChangeSpec) => boolean {
    const keys = new Set(payload.sub.map((number) => this.#specs.get(number)));
    keys.delete(undefined);
    if (keys.size > 0) return (spec) => keys.has(keyOf(spec));
    return ({ event = "*" }) => event === "*" || payload.eventType === event || payload.eventType === "TRUNCATE";
  }
}
