import { allEvents } from "./channel-names.js";
import type { RealtimeClient } from "./realtime-client.js";
import type { EventPayload } from "./server-messages.js";

type QueryKey = readonly unknown[];

/** What is needed of TanStack Query's QueryClient. */
export interface QueryCache {
  invalidateQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  cancelQueries(filters: { queryKey: QueryKey }): Promise<unknown>;
  getQueryData(queryKey: QueryKey): unknown;
  setQueryData(queryKey: QueryKey, data: unknown): unknown;
}

/** Invalidates the keys that `keysOf` names for an event, and all of `onGap` when something was missed. */
export function invalidateOnEvents(
  client: RealtimeClient,
  cache: Pick<QueryCache, "invalidateQueries">,
  keysOf: (event: EventPayload) => readonly QueryKey[],
  onGap: readonly QueryKey[] = [],
): () => void {
  const invalidate = (keys: readonly QueryKey[]): void => {
    for (const queryKey of keys) void cache.invalidateQueries({ queryKey });
  };
  const channel = client.channel(allEvents).on("event", {}, (event) => invalidate(keysOf(event)));
  channel.subscribe();
  const stop = client.on("gap", () => invalidate(onGap));
  return () => {
    stop();
    channel.unsubscribe();
  };
}

export interface OptimisticContext {
  previous: unknown;
}

/** The callbacks of a TanStack mutation that shows its effect at once and takes it back on error. */
export function optimisticUpdate<Variables, Data>(
  cache: QueryCache,
  queryKey: QueryKey,
  apply: (old: Data | undefined, variables: Variables) => Data,
): {
  onMutate: (variables: Variables) => Promise<OptimisticContext>;
  onError: (error: unknown, variables: Variables, context: OptimisticContext | undefined) => void;
  onSettled: () => Promise<unknown>;
} {
  return {
    onMutate: async (variables) => {
      await cache.cancelQueries({ queryKey });
      const previous = cache.getQueryData(queryKey);
      cache.setQueryData(queryKey, apply(previous as Data | undefined, variables));
      return { previous };
    },
    onError: (_error, _variables, context) => {
      if (context) cache.setQueryData(queryKey, context.previous);
    },
    onSettled: () => cache.invalidateQueries({ queryKey }),
  };
}
