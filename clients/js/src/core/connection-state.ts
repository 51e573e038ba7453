import type { RealtimeError } from "./realtime-error.js";
import type { SessionReadyPayload } from "./server-messages.js";

/** The socket's state machine. `reconnecting` waits for the next attempt, `connecting` is an attempt. */
export type ConnectionState = "disconnected" | "connecting" | "connected" | "reconnecting" | "error";

/** Why it is in `error`: attempts used up, token refused, or a close code that forbids another try. */
export type StopReason = "exhausted" | "auth" | "refused";

export interface ConnectionSnapshot {
  state: ConnectionState;
  reason: StopReason | null;
  /** Failed attempts since the last success. */
  attempts: number;
  /** Wall clock ms of the next attempt; null when none is planned, as while offline. */
  nextRetryAt: number | null;
  /** The newest fault; null once connected. */
  error: RealtimeError | null;
  online: boolean;
  session: SessionReadyPayload | null;
}

/** The states of `useRealtimeConnection`. */
export type RealtimeConnectionStatus = "connecting" | "connected" | "disconnected" | "error";
/** The states of `useWebSocketState`. */
export type WebSocketState = "connecting" | "connected" | "disconnected" | "reconnecting";

export function toRealtimeConnectionStatus(state: ConnectionState): RealtimeConnectionStatus {
  return state === "reconnecting" ? "connecting" : state;
}

export function toWebSocketState(state: ConnectionState): WebSocketState {
  return state === "error" ? "disconnected" : state;
}
