import type { ConnectionSnapshot } from "./connection-state.js";
import type { DatabaseSnapshot } from "./database-state.js";
import { stopTexts } from "./stop-texts.js";

export interface StatusBadge {
  tone: "green" | "gray" | "red";
  text: "Live" | "Connecting..." | "Offline";
  busy: boolean;
}

/** The badge of RealtimeStatus. */
export function statusBadge({ state }: ConnectionSnapshot): StatusBadge {
  if (state === "connected") return { tone: "green", text: "Live", busy: false };
  if (state === "connecting" || state === "reconnecting") return { tone: "gray", text: "Connecting...", busy: true };
  return { tone: "red", text: "Offline", busy: false };
}

/** The lines of its popover: name and value. */
export function statusDetails(connection: ConnectionSnapshot, database: DatabaseSnapshot): readonly [string, string][] {
  const { state, reason, attempts, error, online, nextRetryAt } = connection;
  const lines: [string, string][] = [["Connection", state]];
  if (!online) lines.push(["Network", "offline; reconnects by itself"]);
  if (attempts > 0) lines.push(["Failed attempts", String(attempts)]);
  if (nextRetryAt !== null) lines.push(["Next attempt", new Date(nextRetryAt).toLocaleTimeString()]);
  if (reason) lines.push(["Reason", stopTexts[reason]]);
  else if (error) lines.push(["Last error", error.message]);
  if (database.status) lines.push(["Database", database.live ? database.status : `${database.status} (last known)`]);
  if (database.mode === "mock") lines.push(["Mode", "mock: nothing is stored"]);
  if (database.error) lines.push(["Database error", database.error.message]);
  return lines;
}
