import { isOnline } from "./environment.js";
import { kindOf, kindOfNumber, type ErrorClass } from "./error-kind.js";
import { RealtimeError } from "./realtime-error.js";

export type { ErrorClass } from "./error-kind.js";

export interface RecoveryStrategy {
  action: "wait_online" | "refresh_token" | "backoff" | "retry";
  /** Milliseconds to wait before the action. */
  delay: number;
}

function byText(text: string): ErrorClass {
  return kindOfNumber(Number(/(?<!\d)(401|403|429|5\d\d)(?!\d)/.exec(text)?.[1])) ?? "unknown";
}

/** Numbers first (close code, HTTP status), then `code`, the text last. Offline is always `network`. */
export function classifyError(error: unknown, online: boolean = isOnline()): ErrorClass {
  if (!online) return "network";
  if (typeof error === "object" && error !== null) {
    const { code } = error as { code?: unknown };
    const kind = typeof code === "number" ? kindOfNumber(code) : kindOf(error);
    if (kind && (kind !== "unknown" || error instanceof RealtimeError)) return kind;
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
