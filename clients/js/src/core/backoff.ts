import type { ReconnectPolicy } from "./server-messages.js";

/** When neither the application nor the server says otherwise. */
export const defaultPolicy: ReconnectPolicy = { baseMs: 1000, factor: 2, maxMs: 30_000, jitter: 0.2, maxAttempts: 10 };

/** Milliseconds before attempt number `attempt`, counted from 0. */
export function backoffDelay(attempt: number, policy: ReconnectPolicy, random: () => number = Math.random): number {
  const delay = Math.min(policy.baseMs * policy.factor ** attempt, policy.maxMs);
  return delay * (1 + policy.jitter * random());
}

/** Attempts are used up. */
export function exhausted(attempts: number, policy: ReconnectPolicy): boolean {
  return policy.maxAttempts > 0 && attempts >= policy.maxAttempts;
}
