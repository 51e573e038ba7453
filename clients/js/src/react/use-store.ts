import type { ReadableStore } from "@pgsidecar/client";
import { useSyncExternalStore } from "react";

/** A store's value; the same on the server. */
export function useStore<T>(store: ReadableStore<T>): T {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
}
