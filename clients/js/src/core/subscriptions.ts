import { coversEvent } from "./channel-names.js";
import type { Position, Request } from "./client-messages.js";
import type { Consumer } from "./consumer.js";
import { leastWait } from "./error-kind.js";
import { RealtimeError } from "./realtime-error.js";
import type { ServerMessage } from "./server-messages.js";
import { guard } from "./store.js";
import { sourceWaitMs, WireSubscription } from "./wire-subscription.js";

type Ask = (request: Request, timeoutMs?: number) => Promise<Record<string, unknown>>;

/** What is subscribed on the wire: one subscribe per channel, however many listen; all of them again after a loss. */
export class Subscriptions {
  readonly #wires = new Map<string, WireSubscription>();
  readonly #dirty = new Set<WireSubscription>();
  #live = false;

  constructor(private readonly ask: Ask) {}

  /** Messages with a sequence number are expected. */
  get any(): boolean {
    return this.#wires.size > 0;
  }

  /** Subscribes as soon as there is a session; returns the release. */
  add(consumer: Consumer): () => void {
    const wire = this.#wires.get(consumer.channel) ?? new WireSubscription(consumer.channel);
    this.#wires.set(consumer.channel, wire);
    wire.consumers.add(consumer);
    this.#touch(wire);
    return () => this.#release(wire, consumer);
  }

  /** A new session: everything is asked for again. Resolves when all is answered. */
  async restore(): Promise<void> {
    this.#live = true;
    this.#dirty.clear();
    await Promise.all([...this.#wires.values()].map((wire) => this.#subscribe(wire, false)));
  }

  /** `place`: up to where the stream was seen. */
  lost(place: Position | undefined): void {
    this.#live = false;
    for (const wire of this.#wires.values()) wire.lost(place);
  }

  deliver(message: ServerMessage): void {
    if (message.type === "event") {
      for (const wire of [...this.#wires.values()]) if (coversEvent(wire.channel, message.channel)) wire.deliver(message);
      return;
    }
    const wire = this.#wires.get(message.channel ?? "");
    if (!wire) return;
    if (message.type === "presence:state") wire.presenceChanged(wire.presence.replace(message.payload.state));
    else if (message.type === "presence:diff") wire.presenceChanged(wire.presence.merge(message.payload));
    else wire.deliver(message);
  }

  async track(channel: string, meta: Record<string, unknown> | undefined): Promise<void> {
    const wire = this.#wires.get(channel);
    if (!wire) throw new RealtimeError("NOT_SUBSCRIBED", `Subscribe to ${channel} before you track.`);
    wire.tracked = meta;
    if (!this.#live) return;
    await this.ask(meta ? { type: "presence:track", channel, payload: { meta } } : { type: "presence:untrack", channel });
  }

  /** Several wishes of one turn go out together. */
  #touch(wire: WireSubscription): void {
    if (this.#dirty.size === 0) queueMicrotask(() => this.#flush());
    this.#dirty.add(wire);
  }

  #flush(): void {
    const wires = [...this.#dirty];
    this.#dirty.clear();
    if (this.#live) for (const wire of wires) if (wire.consumers.size > 0) void this.#subscribe(wire);
  }

  /** `alone`: no resume follows that would bring what was missed, so the subscribe asks for it. */
  async #subscribe(wire: WireSubscription, alone = true): Promise<void> {
    const payload = wire.payload();
    const asked = JSON.stringify(payload);
    if (wire.asked === asked) {
      // Nothing new for the server; the newcomers hear what the others know.
      if (wire.status === "SUBSCRIBED") {
        wire.settle("SUBSCRIBED");
        if (wire.presence.synced) wire.presenceChanged({ joins: {}, leaves: {} });
      }
      return;
    }
    wire.asked = asked;
    const current = (): boolean => this.#live && wire.asked === asked && this.#wires.get(wire.channel) === wire;
    try {
      const full = alone && wire.since ? { ...payload, since: wire.since } : payload;
      const wait = payload.wait ? sourceWaitMs + 5000 : undefined;
      const result = await this.ask({ type: "subscribe", channel: wire.channel, payload: full }, wait);
      wire.accepted(payload, result);
      if (!current()) return;
      wire.since = undefined;
      wire.settle("SUBSCRIBED");
      // A refusal is no fault of the subscription; the next session says it again.
      if (wire.tracked) this.track(wire.channel, wire.tracked).catch(() => undefined);
    } catch (thrown) {
      if (current()) this.#refused(wire, thrown as RealtimeError);
    }
  }

  /** What may pass is asked for again; what the server refuses for good waits for the next session or listener. */
  #refused(wire: WireSubscription, error: RealtimeError): void {
    const late = error.code === "TIMED_OUT";
    wire.asked = undefined;
    wire.settle(late ? "TIMED_OUT" : "CHANNEL_ERROR", error);
    const wait = late ? 2000 : leastWait(error);
    clearTimeout(wire.retry);
    if (wait) wire.retry = setTimeout(() => void this.#subscribe(wire), wait);
  }

  #release(wire: WireSubscription, consumer: Consumer): void {
    if (!wire.consumers.delete(consumer)) return;
    if (consumer.status) guard(() => consumer.status?.("CLOSED"));
    if (wire.consumers.size > 0) return;
    clearTimeout(wire.retry);
    this.#wires.delete(wire.channel);
    if (!this.#live || wire.asked === undefined) return;
    // The answer changes nothing: the channel is forgotten here already.
    this.ask({ type: "unsubscribe", channel: wire.channel }).catch(() => undefined);
  }
}
