import type { ConnectionState } from "./connection-state.js";

export interface ConnectionHealthStatus {
  status: "offline" | "stale" | "slow" | "healthy";
  color: "red" | "yellow" | "green";
  /** Round trip in ms, if known. */
  latency: number | null;
}

export const slowAboveMs = 500;

export function connectionHealth(state: ConnectionState, stale: boolean, latency: number | null): ConnectionHealthStatus {
  if (state !== "connected") return { status: "offline", color: "red", latency: null };
  if (!stale && (latency ?? 0) <= slowAboveMs) return { status: "healthy", color: "green", latency };
  return { status: stale ? "stale" : "slow", color: "yellow", latency };
}
