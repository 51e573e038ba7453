import { LazyChannel, type Channel, type ChannelPriority } from "@pgsidecar/client";
import { useEffect, useMemo } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

export interface LazyChannelHandle {
  subscribe: () => void;
  unsubscribe: () => void;
  subscribed: boolean;
  /** Give it to an element: the channel is subscribed when that comes into view. */
  ref: (element: Element | null) => void;
  channel: Channel | undefined;
}

/** A shared channel that costs nothing until it is wanted. */
export function useLazyChannel(channelName: string, priority?: ChannelPriority): LazyChannelHandle {
  const client = useHeldClient();
  const lazy = useMemo(() => new LazyChannel(client, channelName, priority), [client, channelName, priority]);
  useEffect(() => () => lazy.unsubscribe(), [lazy]);
  const subscribed = useStore(lazy.subscribed);
  const { subscribe, unsubscribe, observe } = lazy;
  return { subscribe, unsubscribe, subscribed, ref: observe, channel: lazy.channel };
}
