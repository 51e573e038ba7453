import { toWebSocketState, type WebSocketState } from "@pgsidecar/client";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/** connecting, connected, disconnected or reconnecting. */
export function useWebSocketState(): WebSocketState {
  return toWebSocketState(useStore(useHeldClient().connection).state);
}
