import type { ReadableStore } from "@pgsidecar/client";
import { createSignal, onCleanup, type Accessor } from "solid-js";
import { isServer } from "solid-js/web";

/** A store's value as a signal. */
export function useStore<T>(store: ReadableStore<T>): Accessor<T> {
  const [value, setValue] = createSignal(store.getSnapshot());
  if (!isServer) onCleanup(store.subscribe(() => setValue(() => store.getSnapshot())));
  return value;
}
