import { listenForEvents, type RealtimeEventHandlers } from "@pgsidecar/client";
import { onCleanup, onMount } from "solid-js";
import { useHeldClient } from "./use-held-client.js";

export interface RealtimeEventsOptions extends RealtimeEventHandlers {
  /** Default: every event channel the token may read. */
  channels?: readonly string[];
}

/** Element events to callbacks. */
export function useRealtimeEvents(options: RealtimeEventsOptions): void {
  const client = useHeldClient();
  onMount(() => onCleanup(listenForEvents(client, () => options, options.channels)));
}
