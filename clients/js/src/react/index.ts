"use client";

export { RealtimeProvider, useRealtimeClient, type RealtimeProviderProps } from "./client-context.js";
export { ConnectionHealth } from "./connection-health.js";
export { ConnectionToast } from "./connection-toast.js";
export { QueueStatus } from "./queue-status.js";
export { RealtimeErrorBoundary, type RealtimeErrorBoundaryProps } from "./realtime-error-boundary.js";
export { RealtimeStatus } from "./realtime-status.js";
export { useDegradedPolling } from "./use-degraded-polling.js";
export { useLazyChannel, type LazyChannelHandle } from "./use-lazy-channel.js";
export { useRealtimeConnection, type RealtimeConnection, type RealtimeConnectionOptions } from "./use-realtime-connection.js";
export { useRealtimeEvents, type RealtimeEventsOptions } from "./use-realtime-events.js";
export { useSharedChannel, useSharedRows, type SharedChannelOptions } from "./use-shared-channel.js";
export { useConnectionHealth, useConnectionMetrics, useDatabaseStatus, useOfflineQueue, type QueueHandle } from "./use-status.js";
export { useStore } from "./use-store.js";
export { useWebSocketState } from "./use-web-socket-state.js";
