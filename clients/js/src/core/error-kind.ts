import type { RealtimeError } from "./realtime-error.js";

export type ErrorClass = "network" | "auth" | "rate_limit" | "server" | "unknown";

const byCode: Record<string, ErrorClass> = {
  UNAUTHORIZED: "auth",
  FORBIDDEN: "auth",
  RATE_LIMITED: "rate_limit",
  INTERNAL: "server",
  SOURCE_UNAVAILABLE: "server",
  CONNECTION_LOST: "network",
  NOT_CONNECTED: "network",
  TIMED_OUT: "network",
  STALE: "network",
};

/** By WebSocket close code or HTTP status. */
export function kindOfNumber(code: unknown): ErrorClass | undefined {
  const number = Number(code) % 4000;
  if (number === 401 || number === 403) return "auth";
  if (number === 429) return "rate_limit";
  if ((number >= 1011 && number <= 1013) || (number >= 500 && number <= 599 && code === number)) return "server";
  return number === 1006 ? "network" : undefined;
}

/** Numbers first, then the code. */
export function kindOf({ closeCode, status, code }: Partial<Pick<RealtimeError, "closeCode" | "status" | "code">>): ErrorClass {
  return kindOfNumber(closeCode) ?? kindOfNumber(status) ?? byCode[code ?? ""] ?? "unknown";
}

/** The least wait in ms before another try. Rate limits and server faults have one, a network fault has the back-off's. */
export function leastWait(error: RealtimeError): number {
  const kind = kindOf(error);
  return error.retryAfterMs ?? (kind === "rate_limit" ? 60_000 : kind === "server" ? 5000 : 0);
}
