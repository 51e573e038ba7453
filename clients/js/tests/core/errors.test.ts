import { describe, expect, it } from "vitest";
import { classifyError, getRecoveryStrategy, RealtimeError } from "@pgsidecar/client";

describe("classes", () => {
  it.each([
    [new Error("anything"), false, "network"],
    [new RealtimeError("X", "", { closeCode: 4401 }), true, "auth"],
    [new RealtimeError("X", "", { closeCode: 4403 }), true, "auth"],
    [new RealtimeError("X", "", { closeCode: 4429 }), true, "rate_limit"],
    [new RealtimeError("X", "", { closeCode: 1012 }), true, "server"],
    [new RealtimeError("X", "", { closeCode: 1006 }), true, "network"],
    [new RealtimeError("X", "", { status: 503 }), true, "server"],
    [{ status: 429 }, true, "rate_limit"],
    [{ code: 401 }, true, "auth"],
    [new RealtimeError("FORBIDDEN", "no 500 here"), true, "auth"],
    [new RealtimeError("RATE_LIMITED", ""), true, "rate_limit"],
    [new RealtimeError("INTERNAL", ""), true, "server"],
    [new RealtimeError("CONNECTION_LOST", ""), true, "network"],
    [new RealtimeError("BAD_CHANNEL", "channel 503"), true, "unknown"],
    [new Error("HTTP 403"), true, "auth"],
    [new Error("HTTP 429"), true, "rate_limit"],
    [new Error("HTTP 502"), true, "server"],
    ["status 500", true, "server"],
    [new Error("5 rows were wrong in 2015"), true, "unknown"],
    [new Error("row 15012 is bad"), true, "unknown"],
    [null, true, "unknown"],
    [undefined, true, "unknown"],
  ] as const)("%s, online %s: %s", (error, online, expected) => {
    expect(classifyError(error, online)).toBe(expected);
  });
});

it("each class has its strategy", () => {
  expect(getRecoveryStrategy("network")).toEqual({ action: "wait_online", delay: 0 });
  expect(getRecoveryStrategy("auth")).toEqual({ action: "refresh_token", delay: 0 });
  expect(getRecoveryStrategy("rate_limit")).toEqual({ action: "backoff", delay: 60_000 });
  expect(getRecoveryStrategy("server")).toEqual({ action: "retry", delay: 5000 });
  expect(getRecoveryStrategy("unknown")).toEqual({ action: "retry", delay: 2000 });
});
