import { defaultPolicy } from "./backoff.js";
import type { ReconnectPolicy } from "./server-messages.js";

/** Schedules in use: `guide` 3, 6, 12, 24, 48 s and then an error; `patterns` 1, 2, 4 ... 30 s without end. */
export const reconnectPresets: Record<"default" | "guide" | "patterns", ReconnectPolicy> = {
  default: defaultPolicy,
  guide: { baseMs: 3000, factor: 2, maxMs: 48_000, jitter: 0, maxAttempts: 5 },
  patterns: { baseMs: 1000, factor: 2, maxMs: 30_000, jitter: 0, maxAttempts: 0 },
};

/** `useRealtimeConnection({ reconnectInterval, maxReconnectAttempts })` as a policy: the guide's doubling. */
export function guidePolicy(reconnectInterval = 3000, maxReconnectAttempts = 5): ReconnectPolicy {
  const { guide } = reconnectPresets;
  const maxMs = Math.max(guide.maxMs, reconnectInterval * 16);
  return { ...guide, baseMs: reconnectInterval, maxMs, maxAttempts: maxReconnectAttempts };
}
