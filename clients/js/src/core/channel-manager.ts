import type { Channel } from "./channel.js";
import type { RealtimeClient } from "./realtime-client.js";
import { perClient } from "./per-client.js";
import { Store, type ReadableStore } from "./store.js";

export type ChannelPriority = "high" | "normal" | "low";

export interface ManagedChannel {
  readonly name: string;
  readonly channel: Channel;
  readonly subscribers: number;
  readonly priority: ChannelPriority;
}

export interface ChannelManagerOptions {
  /** Default 10. */
  maxChannels?: number;
  onEvicted?: (name: string) => void;
}

const order = { high: 0, normal: 1, low: 2 };

/**
 * Channels shared by name and counted. Above the limit the lowest priority goes first, then the fewest subscribers, then
 * the longest unasked for; `high` never goes.
 */
export class ChannelManager {
  readonly #state = new Store<readonly ManagedChannel[]>([]);
  /** In the order of the last request. */
  readonly store: ReadableStore<readonly ManagedChannel[]> = this.#state;

  constructor(
    private readonly create: (name: string) => Channel,
    private readonly options: ChannelManagerOptions = {},
  ) {}

  /** Counts one subscriber more; each needs a releaseChannel(). */
  getOrCreateChannel(name: string, priority: ChannelPriority = "normal"): Channel {
    const known = this.#find(name);
    const entry: ManagedChannel = known
      ? { ...known, subscribers: known.subscribers + 1, priority: higher(known.priority, priority) }
      : { name, channel: this.create(name), subscribers: 1, priority };
    this.#state.set([...this.#without(name), entry]);
    this.#enforceLimit();
    return entry.channel;
  }

  /** By name, or by the channel: then a channel that was evicted and made anew keeps its count. */
  releaseChannel(which: string | Channel): void {
    const known = this.#find(typeof which === "string" ? which : which.name);
    if (!known || (typeof which !== "string" && known.channel !== which)) return;
    if (known.subscribers <= 1) return this.#remove(known);
    const fewer = { ...known, subscribers: known.subscribers - 1 };
    this.#state.set(this.#state.getSnapshot().map((entry) => (entry === known ? fewer : entry)));
  }

  #enforceLimit(): void {
    for (;;) {
      const entries = this.#state.getSnapshot();
      const candidates = entries.filter(({ priority }) => priority !== "high");
      if (entries.length <= (this.options.maxChannels ?? 10) || candidates.length === 0) return;
      const worst = candidates.reduce((a, b) => (before(b, a) ? b : a));
      this.#remove(worst);
      this.options.onEvicted?.(worst.name);
    }
  }

  #remove(entry: ManagedChannel): void {
    this.#state.set(this.#without(entry.name));
    entry.channel.unsubscribe();
  }

  #find(name: string): ManagedChannel | undefined {
    return this.#state.getSnapshot().find((entry) => entry.name === name);
  }

  #without(name: string): ManagedChannel[] {
    return this.#state.getSnapshot().filter((entry) => entry.name !== name);
  }
}

const higher = (a: ChannelPriority, b: ChannelPriority): ChannelPriority => (order[a] <= order[b] ? a : b);

/** `a` goes before `b`. */
function before(a: ManagedChannel, b: ManagedChannel): boolean {
  return order[a.priority] > order[b.priority] || (a.priority === b.priority && a.subscribers < b.subscribers);
}

/** The client's manager of shared channels. */
export const channelManager = /* @__PURE__ */ perClient(
  (client: RealtimeClient, options: ChannelManagerOptions | undefined) =>
    new ChannelManager((name) => client.channel(name), options),
);
