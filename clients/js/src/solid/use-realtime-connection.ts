import {
  claimPolicy,
  guidePolicy,
  toRealtimeConnectionStatus,
  watchConnection,
  type ConnectionCallbacks,
  type RealtimeConnectionStatus,
} from "@pgsidecar/client";
import { onCleanup, onMount, type Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

export interface RealtimeConnectionOptions extends ConnectionCallbacks {
  /** Default 5; 0 tries without end. */
  maxReconnectAttempts?: number;
  /** Wait before the first attempt in ms, doubled for each further one. Default 3000. */
  reconnectInterval?: number;
}

export interface RealtimeConnection {
  status: Accessor<RealtimeConnectionStatus>;
  isConnected: Accessor<boolean>;
  isConnecting: Accessor<boolean>;
  reconnectAttempts: Accessor<number>;
  reconnect: () => void;
  disconnect: () => void;
}

/** The shared connection and its schedule: 3, 6, 12, 24, 48 s and then an error, unless the options say otherwise. */
export function useRealtimeConnection(options: RealtimeConnectionOptions = {}): RealtimeConnection {
  const { reconnectInterval, maxReconnectAttempts } = options;
  const bare = reconnectInterval === undefined && maxReconnectAttempts === undefined;
  const client = useHeldClient();
  const connection = useStore(client.connection);
  onMount(() => {
    onCleanup(claimPolicy(client, guidePolicy(reconnectInterval, maxReconnectAttempts), bare));
    onCleanup(watchConnection(client, options));
  });
  const status = (): RealtimeConnectionStatus => toRealtimeConnectionStatus(connection().state);
  return {
    status,
    isConnected: () => status() === "connected",
    isConnecting: () => status() === "connecting",
    reconnectAttempts: () => connection().attempts,
    reconnect: () => client.reconnect(),
    disconnect: () => client.disconnect(),
  };
}
