import {
  offlineQueue,
  type ConnectionHealthStatus,
  type ConnectionMetricsSnapshot,
  type DatabaseSnapshot,
  type OfflineQueue,
  type QueuedMessage,
} from "@pgsidecar/client";
import { useCallback } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/** The database's status, mode, health and newest error. */
export function useDatabaseStatus(): DatabaseSnapshot {
  return useStore(useHeldClient().database);
}

export function useConnectionHealth(): ConnectionHealthStatus {
  return useStore(useHeldClient().health);
}

export function useConnectionMetrics(): ConnectionMetricsSnapshot {
  return useStore(useHeldClient().metrics.store);
}

export interface QueueHandle {
  /** What waits, oldest first. */
  messages: readonly QueuedMessage[];
  sendWithQueue: OfflineQueue["sendWithQueue"];
}

export function useOfflineQueue(): QueueHandle {
  const queue = offlineQueue(useHeldClient());
  const messages = useStore(queue.store);
  const sendWithQueue = useCallback<OfflineQueue["sendWithQueue"]>((...message) => queue.sendWithQueue(...message), [queue]);
  return { messages, sendWithQueue };
}
