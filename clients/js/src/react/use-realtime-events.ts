import { allEvents, listenForEvents, type RealtimeEventHandlers } from "@pgsidecar/client";
import { useEffect } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useLatest } from "./use-latest.js";

export interface RealtimeEventsOptions extends RealtimeEventHandlers {
  /** Default: every event channel the token may read. */
  channels?: readonly string[];
}

/** Element events to callbacks; the callbacks may change from render to render. */
export function useRealtimeEvents(options: RealtimeEventsOptions): void {
  const client = useHeldClient();
  const latest = useLatest<RealtimeEventHandlers>(options);
  const names = (options.channels ?? [allEvents]).join(" ");
  useEffect(() => listenForEvents(client, () => latest.current, names.split(" ")), [client, latest, names]);
}
