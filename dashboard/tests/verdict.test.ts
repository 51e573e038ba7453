import type { DatabaseErrorPayload, DatabaseStatus, StatusPayload } from "@pgsidecar/client";
import { describe, expect, it } from "vitest";
import { judge, type Known } from "../src/lib/verdict.js";

const at = "2026-11-20T10:00:00.000Z";
const status = (word: DatabaseStatus, more: Partial<StatusPayload> = {}): StatusPayload => ({ mode: "local", status: word, timestamp: at, ...more });
const healthy = { healthy: true, latency: 1, mode: "local" as const, timestamp: at };
const refused: DatabaseErrorPayload = { operation: "connect", error: "ECONNREFUSED", message: "Refused", resolution: "Start it", recoverable: true, timestamp: at };

function known(more: Partial<Known>): Known {
  return { contact: true, locked: false, lostAt: null, status: null, error: null, health: null, awaySince: null, deadLetters: 0, ...more };
}

describe("the sidecar", () => {
  it("is looked for, lost, or locked", () => {
    expect(judge(known({ contact: false })).word).toBe("Looking");
    expect(judge(known({ contact: false, lostAt: 7, status: status("connected") }))).toMatchObject({ word: "No contact with the sidecar", tone: "unknown", since: 7 });
    expect(judge(known({ locked: true, status: status("error") })).word).toBe("Locked");
  });
});

describe("the database", () => {
  it("is well, unwell, or has dead letters", () => {
    expect(judge(known({ status: status("connected"), health: healthy }))).toMatchObject({ tone: "good", since: at });
    const unwell = judge(known({ status: status("connected"), health: { ...healthy, healthy: false, error: "slow" } }));
    expect(unwell).toMatchObject({ tone: "warn", reason: "slow." });
    expect(judge(known({ status: status("connected"), health: healthy, deadLetters: 1 })).reason).toMatch(/^1 write could not be stored and waits/);
  });

  it("is away with a reason and what is kept for it", () => {
    expect(judge(known({ status: status("connecting") })).tone).toBe("warn");
    expect(judge(known({ status: status("disconnected") })).tone).toBe("warn");
    const verdict = judge(known({ status: status("error", { queued: 3 }), error: refused }));
    expect(verdict).toMatchObject({ tone: "bad", word: "Database unreachable", reason: "Refused. Start it. 3 writes are kept for later." });
  });

  it("keeps to one verdict over many attempts, with the newest reason and since when", () => {
    const away = { error: refused, awaySince: "2026-11-20T09:00:00.000Z" };
    const failed = judge(known({ ...away, status: status("error", { attempt: 3, message: "Refused", timestamp: "2026-11-20T10:01:00.000Z" }) }));
    const trying = judge(known({ ...away, status: status("connecting", { attempt: 4, message: "Reconnecting" }) }));
    expect(trying).toEqual(failed);
    expect(failed).toMatchObject({ reason: "Refused. Start it.", since: away.awaySince });
    const health = { ...healthy, healthy: false, error: "Shutting down", timestamp: "2026-11-20T10:02:00.000Z" };
    expect(judge(known({ ...away, health, status: status("connecting", { attempt: 4 }) })).reason).toBe("Shutting down.");
  });

  it("says the same while nothing but figures change", () => {
    const first = judge(known({ status: status("connected"), health: healthy }));
    expect(judge(known({ status: status("connected"), health: { ...healthy, latency: 99 } })).reason).toBe(first.reason);
  });
});
