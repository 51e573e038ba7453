import type { ErrorPayload } from "./server-messages.js";

export interface RealtimeErrorDetails {
  /** WebSocket close code. */
  closeCode?: number | undefined;
  /** HTTP status. */
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

/**
 * Every error of this package. `code` is the server's request error code, or one of CONNECTION_LOST, TIMED_OUT,
 * STALE, NOT_CONNECTED, NO_WEBSOCKET, BAD_FRAME, QUEUE_FULL, QUEUE_DROPPED, STORAGE_FAILED, SYNC_FAILED, CLOSED.
 */
export class RealtimeError extends Error {
  override readonly name = "RealtimeError";
  declare readonly cause?: unknown;
  declare readonly closeCode: number | undefined;
  declare readonly status: number | undefined;
  declare readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: string,
    message: string,
    details: RealtimeErrorDetails = {},
  ) {
    super(message);
    Object.assign(this, details);
  }

  static refused(error: Partial<ErrorPayload> | undefined): RealtimeError {
    const { code = "INTERNAL", message = "Refused without a reason.", retryAfterMs } = error ?? {};
    return new RealtimeError(code, message, { retryAfterMs });
  }
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
