import { rowLists, type ChannelPriority, type ReadableStore, type Row, type RowListOptions, type RowListSnapshot } from "@pgsidecar/client";
import { useEffect, useState } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useLatest } from "./use-latest.js";
import { useStore } from "./use-store.js";

export interface SharedChannelOptions<T extends Row> extends Omit<RowListOptions<T>, "table" | "filter"> {
  priority?: ChannelPriority;
}

const nothing: RowListSnapshot<never> = { rows: [], ready: false, error: null };
const empty: ReadableStore<RowListSnapshot<never>> = { getSnapshot: () => nothing, subscribe: () => () => undefined };

/** One table's rows kept up to date, with their state; any number of components share the subscription and the load. */
export function useSharedRows<T extends Row>(
  channelName: string,
  table: string,
  filter?: string,
  options: SharedChannelOptions<T> = {},
): RowListSnapshot<T> {
  const client = useHeldClient();
  const latest = useLatest(options);
  const [store, setStore] = useState<ReadableStore<RowListSnapshot<T>>>(empty);
  const { schema } = options;
  useEffect(() => {
    const { priority, ...more } = latest.current;
    const list = { ...more, table, ...(filter ? { filter } : {}), ...(schema ? { schema } : {}) };
    const acquired = rowLists(client).acquire<T>(channelName, list, priority);
    setStore(acquired.list.store);
    return acquired.release;
  }, [client, latest, channelName, table, filter, schema]);
  return useStore(store);
}

/** The rows alone. */
export function useSharedChannel<T extends Row>(
  channelName: string,
  table: string,
  filter?: string,
  options?: SharedChannelOptions<T>,
): readonly T[] {
  return useSharedRows<T>(channelName, table, filter, options).rows;
}
