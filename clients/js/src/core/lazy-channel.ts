import { channelManager, type ChannelPriority } from "./channel-manager.js";
import type { Channel } from "./channel.js";
import type { RealtimeClient } from "./realtime-client.js";
import { Store, type ReadableStore } from "./store.js";

/** A shared channel that is subscribed when asked for, or when an element comes into view. */
export class LazyChannel {
  readonly #subscribed = new Store(false);
  readonly subscribed: ReadableStore<boolean> = this.#subscribed;
  #channel: Channel | undefined;
  #observer: IntersectionObserver | undefined;

  constructor(
    private readonly client: RealtimeClient,
    private readonly name: string,
    private readonly priority?: ChannelPriority,
  ) {}

  /** Undefined while not subscribed. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  readonly subscribe = (): void => {
    if (this.#channel) return;
    this.#channel = channelManager(this.client).getOrCreateChannel(this.name, this.priority).subscribe();
    this.#subscribed.set(true);
  };

  readonly unsubscribe = (): void => {
    if (!this.#channel) return;
    channelManager(this.client).releaseChannel(this.#channel);
    this.#channel = undefined;
    this.#subscribed.set(false);
  };

  /** Subscribes once the element is seen; null ends the watching. Where nothing can watch, it counts as seen. */
  readonly observe = (element: Element | null): void => {
    this.#observer?.disconnect();
    this.#observer = undefined;
    if (!element) return;
    if (typeof IntersectionObserver === "undefined") return this.subscribe();
    this.#observer = new IntersectionObserver((entries) => {
      if (entries.some(({ isIntersecting }) => isIntersecting)) this.subscribe();
    });
    this.#observer.observe(element);
  };

  dispose(): void {
    this.observe(null);
    this.unsubscribe();
  }
}
