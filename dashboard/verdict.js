// One icon, one word, one sentence about everything that is known. No DOM.

export const icons = {
  good: "M4 12.5l5.5 5.5L20 7",
  warn: "M12 3.5L22 20.5H2zM12 10v4.5M12 17.6v.2",
  bad: "M6 6l12 12M18 6L6 18",
  wait: "M12 3a9 9 0 1 0 9 9M12 7v5l3.5 2",
  unknown: "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.6v.2",
};

const places = { local: "PostgreSQL", supabase: "Supabase", mock: "the mock database" };

/**
 * known: { status, error, health: payloads of the contract or undefined; contact: bool; lostAt: ms }
 * Returns { tone: good|warn|bad|unknown, icon, word, reason, since: ISO text or ms or undefined }.
 */
export function judge(known) {
  if (!known.contact && !known.status) {
    return {
      tone: "unknown",
      icon: icons.wait,
      word: "Looking",
      reason: "Asking the sidecar how the database is.",
    };
  }
  if (!known.contact) {
    return {
      tone: "unknown",
      icon: icons.unknown,
      word: "No contact with the sidecar",
      reason:
        "What is below was true when the contact broke. This says nothing about the database.",
      since: known.lostAt,
    };
  }
  const { status, error, health } = known;
  const place = places[status.mode] ?? status.mode;
  const since = status.timestamp;
  switch (status.status) {
    case "connected":
      if (health && !health.healthy) {
        return {
          tone: "warn",
          icon: icons.warn,
          word: "Connected, but unwell",
          reason: withStop(health.error),
          since,
        };
      }
      return {
        tone: "good",
        icon: icons.good,
        word: "Connected",
        // No latency here: a screen reader would speak at every check.
        reason: health ? `${capital(place)} is answering health checks.` : `Connected to ${place}.`,
        since,
      };
    case "connecting":
      return {
        tone: "warn",
        icon: icons.wait,
        word: "Connecting",
        reason: withStop(status.message ?? `Connecting to ${place}`),
        since,
      };
    case "disconnected":
      return {
        tone: "warn",
        icon: icons.warn,
        word: "Disconnected",
        reason: explain(error, status),
        since,
      };
    default:
      return {
        tone: "bad",
        icon: icons.bad,
        word: "Database unreachable",
        reason: explain(error, status),
        since,
      };
  }
}

function explain(error, status) {
  const parts = [withStop(error?.message ?? status.message ?? "The database is not connected")];
  if (error?.resolution) parts.push(withStop(error.resolution));
  if (status.nextRetryMs)
    parts.push(`Next attempt within ${Math.ceil(status.nextRetryMs / 1000)} s.`);
  return parts.join(" ");
}

function withStop(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
