import { backoffDelay, exhausted } from "./backoff.js";
import { leastWait } from "./error-kind.js";
import type { RealtimeError } from "./realtime-error.js";
import type { ReconnectPolicy } from "./server-messages.js";

/** Counts the failed attempts and holds the timer of the next. */
export class Reconnector {
  attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly policy: () => ReconnectPolicy,
    private readonly open: () => void,
  ) {}

  reset(): void {
    this.cancel();
    this.attempts = 0;
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  exhausted(): boolean {
    return exhausted(this.attempts, this.policy());
  }

  /** Plans the next attempt and returns the wait in ms. */
  schedule(error: RealtimeError): number {
    const policy = this.policy();
    // The spread of the back-off keeps clients apart also when the server names the same wait to all.
    const spread = 1 + policy.jitter * Math.random();
    const wait = Math.max(backoffDelay(this.attempts, policy), leastWait(error) * spread);
    this.cancel();
    this.#timer = setTimeout(() => {
      this.attempts += 1;
      this.open();
    }, wait);
    return wait;
  }
}
