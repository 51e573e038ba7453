import type { DatabaseErrorPayload, HealthPayload, StatusPayload } from "@pgsidecar/client";
import { capital, plural, sentence } from "./format.js";

export type Tone = "good" | "warn" | "bad" | "unknown";
export type IconName = "good" | "warn" | "bad" | "wait" | "unknown" | "lock";

/** All that one sentence can be made of. */
export interface Known {
  /** The sidecar answers, over the feed or to polling. */
  contact: boolean;
  /** It wants a token first. */
  locked: boolean;
  /** Since when it does not, wall clock ms. */
  lostAt: number | null;
  status: StatusPayload | null;
  error: DatabaseErrorPayload | null;
  health: HealthPayload | null;
  /** Since when the database is away, ISO time; each attempt has a status and a time of its own. */
  awaySince: string | null;
  /** Entries of the spool that nobody will retry by itself. */
  deadLetters: number;
}

export interface Verdict {
  tone: Tone;
  icon: IconName;
  word: string;
  reason: string;
  /** Sidecar's ISO time, or this machine's ms where there is no contact. */
  since: string | number | null;
}

const places: Record<string, string> = { local: "PostgreSQL", supabase: "Supabase", mock: "the mock database" };

/** One icon, one word, one sentence. No figures that change at each check: a screen reader would speak each time. */
export function judge(known: Known): Verdict {
  const { contact, locked, status, lostAt } = known;
  if (locked) return verdict("unknown", "lock", "Locked", "This sidecar is protected: enter its token to see more.", null);
  if (!contact && lostAt === null) {
    return verdict("unknown", "wait", "Looking", "Asking the sidecar how the database is.", null);
  }
  if (!contact) {
    const reason = status
      ? "What is below was true when the contact broke. This says nothing about the database."
      : "The sidecar does not answer. This says nothing about the database.";
    return verdict("unknown", "unknown", "No contact with the sidecar", reason, lostAt);
  }
  if (!status) return verdict("unknown", "wait", "Looking", "Asking the sidecar how the database is.", null);
  const place = places[status.mode] ?? status.mode;
  if (status.status === "connected") return connected(known, status, place);
  const since = known.awaySince ?? status.timestamp;
  if (status.status === "connecting" && !status.attempt) {
    return verdict("warn", "wait", "Connecting", withQueue(sentence(status.message ?? `Connecting to ${place}`), status), since);
  }
  if (status.status === "disconnected") return verdict("warn", "warn", "Disconnected", explain(known, status), since);
  // Also while another attempt is under way: the verdict would change to and fro.
  return verdict("bad", "bad", "Database unreachable", explain(known, status), since);
}

function connected({ health, deadLetters }: Known, { timestamp, mode }: StatusPayload, place: string): Verdict {
  if (health && !health.healthy) {
    return verdict("warn", "warn", "Connected, but unwell", sentence(health.error ?? "The health check failed"), timestamp);
  }
  if (deadLetters > 0) {
    const reason = `${plural(deadLetters, "write")} could not be stored and ${deadLetters === 1 ? "waits" : "wait"} for a decision, see Spool.`;
    return verdict("warn", "warn", "Connected, with dead letters", reason, timestamp);
  }
  if (mode === "mock") return verdict("good", "good", "Connected", "Mock mode: answers are made up and nothing is stored.", timestamp);
  const reason = health ? `${capital(place)} is answering health checks.` : `Connected to ${place}.`;
  return verdict("good", "good", "Connected", reason, timestamp);
}

/** The newest reason that was given, and what to do about it where that is known. */
function explain({ error, health }: Known, status: StatusPayload): string {
  const given: { text: string | undefined; at: string }[] = [];
  if (error) given.push({ text: error.message, at: error.timestamp });
  if (health && !health.healthy) given.push({ text: health.error, at: health.timestamp });
  if (status.status !== "connecting") given.push({ text: status.message, at: status.timestamp });
  const newest = given.filter(({ text }) => text).reduce((a, b) => (Date.parse(b.at) > Date.parse(a.at) ? b : a), { text: status.message, at: "1970-01-01" });
  const parts = [sentence(newest.text ?? "The database is not connected")];
  if (error?.resolution && error.message === newest.text) parts.push(sentence(error.resolution));
  return withQueue(parts.join(" "), status);
}

function withQueue(text: string, { queued }: StatusPayload): string {
  return queued ? `${text} ${plural(queued, "write")} ${queued === 1 ? "is" : "are"} kept for later.` : text;
}

function verdict(tone: Tone, icon: IconName, word: string, reason: string, since: string | number | null): Verdict {
  return { tone, icon, word, reason, since };
}
