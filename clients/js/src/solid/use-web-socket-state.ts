import { toWebSocketState, type WebSocketState } from "@pgsidecar/client";
import type { Accessor } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/** connecting, connected, disconnected or reconnecting. */
export function useWebSocketState(): Accessor<WebSocketState> {
  const connection = useStore(useHeldClient().connection);
  return () => toWebSocketState(connection().state);
}
