import { rowLists, type ChannelPriority, type Row, type RowListOptions, type RowListSnapshot } from "@pgsidecar/client";
import { createSignal, onCleanup, onMount, type Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";

export interface SharedChannelOptions<T extends Row> extends Omit<RowListOptions<T>, "table" | "filter"> {
  priority?: ChannelPriority;
}

/** One table's rows kept up to date, with their state; any number of components share the subscription and the load. */
export function useSharedRows<T extends Row>(
  channelName: string,
  table: string,
  filter?: string,
  { priority, ...more }: SharedChannelOptions<T> = {},
): Accessor<RowListSnapshot<T>> {
  const client = useHeldClient();
  const [value, setValue] = createSignal<RowListSnapshot<T>>({ rows: [], ready: false, error: null });
  onMount(() => {
    const options = { ...more, table, ...(filter ? { filter } : {}) };
    const { list, release } = rowLists(client).acquire<T>(channelName, options, priority);
    setValue(() => list.store.getSnapshot());
    onCleanup(list.store.subscribe(() => setValue(() => list.store.getSnapshot())));
    onCleanup(release);
  });
  return value;
}

/** The rows alone. */
export function useSharedChannel<T extends Row>(
  channelName: string,
  table: string,
  filter?: string,
  options?: SharedChannelOptions<T>,
): Accessor<readonly T[]> {
  const shared = useSharedRows<T>(channelName, table, filter, options);
  return () => shared().rows;
}
