import { LazyChannel, type Channel, type ChannelPriority } from "@pgsidecar/client";
import { onCleanup, type Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

export interface LazyChannelHandle {
  subscribe: () => void;
  unsubscribe: () => void;
  subscribed: Accessor<boolean>;
  /** Give it to an element: the channel is subscribed when that comes into view. */
  ref: (element: Element) => void;
  channel: () => Channel | undefined;
}

/** A shared channel that costs nothing until it is wanted. */
export function useLazyChannel(channelName: string, priority?: ChannelPriority): LazyChannelHandle {
  const lazy = new LazyChannel(useHeldClient(), channelName, priority);
  const subscribed = useStore(lazy.subscribed);
  onCleanup(() => lazy.dispose());
  const { subscribe, unsubscribe, observe } = lazy;
  return { subscribe, unsubscribe, subscribed, ref: observe, channel: () => lazy.channel };
}
