import { DegradedPolling, type DegradedSnapshot } from "@pgsidecar/client";
import { onCleanup, onMount, type Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/** Polls while the WebSocket fails. */
export function useDegradedPolling(poll: () => Promise<void>, intervalMs = 5000): Accessor<DegradedSnapshot> {
  const polling = new DegradedPolling(useHeldClient(), { poll, intervalMs });
  onMount(() => onCleanup(polling.start()));
  return useStore(polling.store);
}
