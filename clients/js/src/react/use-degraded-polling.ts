import { DegradedPolling, type DegradedSnapshot } from "@pgsidecar/client";
import { useEffect, useMemo } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useLatest } from "./use-latest.js";
import { useStore } from "./use-store.js";

/** Polls while the WebSocket fails. */
export function useDegradedPolling(poll: () => Promise<void>, intervalMs?: number): DegradedSnapshot {
  const client = useHeldClient();
  const latest = useLatest(poll);
  const polling = useMemo(
    () => new DegradedPolling(client, { poll: () => latest.current(), ...(intervalMs === undefined ? {} : { intervalMs }) }),
    [client, latest, intervalMs],
  );
  useEffect(() => polling.start(), [polling]);
  return useStore(polling.store);
}
