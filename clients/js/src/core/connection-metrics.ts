import { Store, type ReadableStore } from "./store.js";

export interface ConnectionMetricsSnapshot {
  /** Wall clock ms; null when not connected. */
  connectedAt: number | null;
  disconnectCount: number;
  totalMessages: number;
  malformedMessages: number;
  /** Mean of all pongs in ms; 0 before the first. */
  avgLatency: number;
  /** The newest pong's. */
  latency: number | null;
}

/** Counts of one client. The store speaks on connect, disconnect and pong, not for each message; current() is exact. */
export class ConnectionMetrics {
  readonly #counts: ConnectionMetricsSnapshot = {
    connectedAt: null,
    disconnectCount: 0,
    totalMessages: 0,
    malformedMessages: 0,
    avgLatency: 0,
    latency: null,
  };
  #pongs = 0;
  readonly #published = new Store({ ...this.#counts });

  readonly store: ReadableStore<ConnectionMetricsSnapshot> = this.#published;

  current(): ConnectionMetricsSnapshot {
    return { ...this.#counts };
  }

  /** Milliseconds since the connection stands; 0 without one. */
  uptime(): number {
    return this.#counts.connectedAt === null ? 0 : Date.now() - this.#counts.connectedAt;
  }

  connected(): void {
    this.#counts.connectedAt = Date.now();
    this.#publish();
  }

  disconnected(): void {
    if (this.#counts.connectedAt === null) return;
    this.#counts.connectedAt = null;
    this.#counts.latency = null;
    this.#counts.disconnectCount += 1;
    this.#publish();
  }

  message(): void {
    this.#counts.totalMessages += 1;
  }

  malformed(): void {
    this.#counts.malformedMessages += 1;
  }

  pong(latency: number): void {
    this.#pongs += 1;
    this.#counts.latency = latency;
    this.#counts.avgLatency += (latency - this.#counts.avgLatency) / this.#pongs;
    this.#publish();
  }

  #publish(): void {
    this.#published.set(this.current());
  }
}
