import { isOnline } from "./environment.js";
import { RealtimeError } from "./realtime-error.js";

export type ErrorClass = "network" | "auth" | "rate_limit" | "server" | "unknown";

export interface RecoveryStrategy {
  action: "wait_online" | "refresh_token" | "backoff" | "retry";
  /** Milliseconds to wait before the action. */
  delay: number;
}

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

function byNumber(code: number): ErrorClass | undefined {
  if (code === 4401 || code === 4403 || code === 401 || code === 403) return "auth";
  if (code === 4429 || code === 429) return "rate_limit";
  if ((code >= 1011 && code <= 1013) || (code >= 500 && code <= 599)) return "server";
  return code === 1006 ? "network" : undefined;
}

function byText(text: string): ErrorClass {
  const code = /(?<!\d)(401|403|429|5\d\d)(?!\d)/.exec(text)?.[1];
  return (code && byNumber(Number(code))) || "unknown";
}

/** Numbers first (close code, HTTP status), then `code`, the text last. Offline is always `network`. */
export function classifyError(error: unknown, online: boolean = isOnline()): ErrorClass {
  if (!online) return "network";
  if (typeof error === "object" && error !== null) {
    const { closeCode, status, code } = error as { closeCode?: unknown; status?: unknown; code?: unknown };
    for (const value of [closeCode, status, code]) {
      const found = typeof value === "number" ? byNumber(value) : undefined;
      if (found) return found;
    }
    if (typeof code === "string" && byCode[code]) return byCode[code];
    if (error instanceof RealtimeError) return "unknown";
  }
  return byText(error instanceof Error ? error.message : String(error));
}

const strategies: Record<ErrorClass, RecoveryStrategy> = {
  network: { action: "wait_online", delay: 0 },
  auth: { action: "refresh_token", delay: 0 },
  rate_limit: { action: "backoff", delay: 60_000 },
  server: { action: "retry", delay: 5000 },
  unknown: { action: "retry", delay: 2000 },
};

export function getRecoveryStrategy(kind: ErrorClass): RecoveryStrategy {
  return strategies[kind];
}
