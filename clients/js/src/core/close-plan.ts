import { RealtimeError } from "./realtime-error.js";
import type { ByePayload } from "./server-messages.js";

/** What follows the end of a socket. */
export interface ClosePlan {
  error: RealtimeError;
  /** `refresh`: with a new token only. */
  then: "reconnect" | "refresh" | "stop";
}

const final = new Set([1000, 1009, 4400, 4403]);

/** `bye` tells most; without it the close code decides. */
export function planClose(code: number, reason: string, bye: ByePayload | undefined): ClosePlan {
  const said = bye?.code ?? code;
  const error = new RealtimeError(
    said === 1000 ? "CLOSED" : "CONNECTION_LOST",
    `The connection to the sidecar ended (${[said, bye?.reason ?? reason].filter(Boolean).join(", ")}).`,
    { closeCode: said, retryAfterMs: bye?.retryAfterMs },
  );
  const again = bye ? bye.reconnect : !final.has(said);
  return { error, then: said === 4401 ? "refresh" : again ? "reconnect" : "stop" };
}
