import { claimPolicy, guidePolicy, toRealtimeConnectionStatus, watchConnection, type RealtimeConnectionStatus } from "@pgsidecar/client";
import { useCallback, useEffect } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useLatest } from "./use-latest.js";
import { useStore } from "./use-store.js";

export interface RealtimeConnectionOptions {
  onConnect?: () => void;
  onDisconnect?: () => void;
  onError?: (error: Error) => void;
  /** Default 5; 0 tries without end. */
  maxReconnectAttempts?: number;
  /** Wait before the first attempt in ms, doubled for each further one. Default 3000. */
  reconnectInterval?: number;
}

export interface RealtimeConnection {
  status: RealtimeConnectionStatus;
  isConnected: boolean;
  isConnecting: boolean;
  reconnectAttempts: number;
  reconnect: () => void;
  disconnect: () => void;
}

/** The shared connection and its schedule: 3, 6, 12, 24, 48 s and then an error, unless the options say otherwise. */
export function useRealtimeConnection(options: RealtimeConnectionOptions = {}): RealtimeConnection {
  const client = useHeldClient();
  const { state, attempts } = useStore(client.connection);
  const latest = useLatest(options);
  const { reconnectInterval, maxReconnectAttempts } = options;
  useEffect(
    () =>
      claimPolicy(
        client,
        guidePolicy(reconnectInterval, maxReconnectAttempts),
        reconnectInterval === undefined && maxReconnectAttempts === undefined,
      ),
    [client, reconnectInterval, maxReconnectAttempts],
  );
  useEffect(
    () =>
      watchConnection(client, {
        onConnect: () => latest.current.onConnect?.(),
        onDisconnect: () => latest.current.onDisconnect?.(),
        onError: (error) => latest.current.onError?.(error),
      }),
    [client, latest],
  );
  const reconnect = useCallback(() => client.reconnect(), [client]);
  const disconnect = useCallback(() => client.disconnect(), [client]);
  const status = toRealtimeConnectionStatus(state);
  return {
    status,
    isConnected: status === "connected",
    isConnecting: status === "connecting",
    reconnectAttempts: attempts,
    reconnect,
    disconnect,
  };
}
