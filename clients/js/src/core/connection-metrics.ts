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
  readonly #published = new Store(this.current());

  readonly store: ReadableStore<ConnectionMetricsSnapshot> = this.#published;

  current(): ConnectionMetricsSnapshot {
    return { ...this.#counts };
  }

  /** Milliseconds since the connection stands; 0 without one. */
  uptime(): number {
    return Date.now() - (this.#counts.connectedAt ?? Date.now());
  }

  connected(): void {
    this.#publish({ connectedAt: Date.now() });
  }

  disconnected(): void {
    const { connectedAt, disconnectCount } = this.#counts;
    if (connectedAt !== null) this.#publish({ connectedAt: null, latency: null, disconnectCount: disconnectCount + 1 });
  }

  message(): void {
    this.#counts.totalMessages += 1;
  }

  malformed(): void {
    this.#counts.malformedMessages += 1;
  }

  pong(latency: number): void {
    const { avgLatency } = this.#counts;
    this.#publish({ latency, avgLatency: avgLatency + (latency - avgLatency) / ++this.#pongs });
  }

  #publish(news: Partial<ConnectionMetricsSnapshot>): void {
    this.#published.set({ ...Object.assign(this.#counts, news) });
  }
}
