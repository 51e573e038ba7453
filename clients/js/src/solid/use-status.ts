import {
  offlineQueue,
  type ConnectionHealthStatus,
  type ConnectionMetricsSnapshot,
  type DatabaseSnapshot,
  type OfflineQueue,
  type QueuedMessage,
} from "@pgsidecar/client";
import type { Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/** The database's status, mode, health and newest error. */
export function useDatabaseStatus(): Accessor<DatabaseSnapshot> {
  return useStore(useHeldClient().database);
}

export function useConnectionHealth(): Accessor<ConnectionHealthStatus> {
  return useStore(useHeldClient().health);
}

export function useConnectionMetrics(): Accessor<ConnectionMetricsSnapshot> {
  return useStore(useHeldClient().metrics.store);
}

export interface QueueHandle {
  /** What waits, oldest first. */
  messages: Accessor<readonly QueuedMessage[]>;
  sendWithQueue: OfflineQueue["sendWithQueue"];
}

export function useOfflineQueue(): QueueHandle {
  const queue = offlineQueue(useHeldClient());
  return { messages: useStore(queue.store), sendWithQueue: (...message) => queue.sendWithQueue(...message) };
}
