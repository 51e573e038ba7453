import type { ReconnectPolicy } from "./server-messages.js";

/**
 * The default when neither the application nor the server says otherwise, and the two other schedules in use:
 * `guide` 3, 6, 12, 24, 48 s and then an error; `patterns` 1, 2, 4 ... 30 s without end.
 */
export const reconnectPresets = {
  default: { baseMs: 1000, factor: 2, maxMs: 30_000, jitter: 0.2, maxAttempts: 10 },
  guide: { baseMs: 3000, factor: 2, maxMs: 48_000, jitter: 0, maxAttempts: 5 },
  patterns: { baseMs: 1000, factor: 2, maxMs: 30_000, jitter: 0, maxAttempts: 0 },
} as const satisfies Record<string, ReconnectPolicy>;

export type ReconnectPreset = keyof typeof reconnectPresets;

/** A preset's name, or what differs from the default. */
export type ReconnectOption = ReconnectPreset | Partial<ReconnectPolicy>;

export function reconnectPolicy(option: ReconnectOption): ReconnectPolicy {
  return typeof option === "string" ? reconnectPresets[option] : { ...reconnectPresets.default, ...option };
}

/** `useRealtimeConnection({ reconnectInterval, maxReconnectAttempts })` as a policy: the guide's doubling. */
export function guidePolicy(reconnectInterval = 3000, maxReconnectAttempts = 5): ReconnectPolicy {
  return {
    ...reconnectPresets.guide,
    baseMs: reconnectInterval,
    maxMs: Math.max(reconnectPresets.guide.maxMs, reconnectInterval * 16),
    maxAttempts: maxReconnectAttempts,
  };
}

/** Milliseconds before attempt number `attempt`, counted from 0. */
export function backoffDelay(attempt: number, policy: ReconnectPolicy, random: () => number = Math.random): number {
  const delay = Math.min(policy.baseMs * policy.factor ** attempt, policy.maxMs);
  return delay * (1 + policy.jitter * random());
}

/** Attempts are used up. */
export function exhausted(attempts: number, policy: ReconnectPolicy): boolean {
  return policy.maxAttempts > 0 && attempts >= policy.maxAttempts;
}
