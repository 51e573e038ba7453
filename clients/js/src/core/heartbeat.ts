import { RealtimeError } from "./realtime-error.js";
import type { Timing } from "./server-messages.js";

const staleCheckMs = 15_000;

export interface HeartbeatEvents {
  ping(t: number): void;
  latency(ms: number): void;
  /** A ping stayed unanswered, or nothing was heard for too long. */
  dead(error: RealtimeError): void;
}

/** Pings, at most one outstanding, and watches for silence. */
export class Heartbeat {
  #timing: Timing | undefined;
  #heardAt = 0;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #staleTimer: ReturnType<typeof setInterval> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly events: HeartbeatEvents) {}

  start(timing: Timing): void {
    this.stop();
    this.#timing = timing;
    this.heard();
    this.#pingTimer = setInterval(() => this.#ping(), timing.pingIntervalMs);
    this.#staleTimer = setInterval(() => {
      if (this.isStale()) this.events.dead(stale());
    }, staleCheckMs);
  }

  stop(): void {
    clearInterval(this.#pingTimer);
    clearInterval(this.#staleTimer);
    this.#clearPong();
  }

  /** Any frame is a sign of life. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** A stale socket is given up at once, another is asked: for wake-ups, when timers have been asleep. */
  check(): void {
    if (this.isStale()) this.events.dead(stale());
    else this.#ping();
  }

  pong(t: number): void {
    this.#clearPong();
    this.events.latency(Math.max(0, performance.now() - t));
  }

  isStale(): boolean {
    return performance.now() - this.#heardAt > (this.#timing?.staleAfterMs ?? Infinity);
  }

  #ping(): void {
    const timing = this.#timing;
    if (this.#pongTimer !== undefined || !timing) return;
    this.#pongTimer = setTimeout(() => {
      this.#pongTimer = undefined;
      this.events.dead(new RealtimeError("TIMED_OUT", "The sidecar did not answer a ping."));
    }, timing.pongTimeoutMs);
    this.events.ping(performance.now());
  }

  #clearPong(): void {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
  }
}

const stale = (): RealtimeError => new RealtimeError("STALE", "The sidecar did not say anything for too long.");
