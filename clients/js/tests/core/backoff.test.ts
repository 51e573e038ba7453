import { describe, expect, it } from "vitest";
import { backoffDelay, exhausted, guidePolicy, reconnectPresets } from "@pgsidecar/client";

const delays = (name: keyof typeof reconnectPresets, count: number): number[] =>
  Array.from({ length: count }, (_, attempt) => backoffDelay(attempt, reconnectPresets[name], () => 0));

describe("the schedules", () => {
  it("guide waits 3, 6, 12, 24, 48 s and gives up after five", () => {
    expect(delays("guide", 5)).toEqual([3000, 6000, 12_000, 24_000, 48_000]);
    expect(exhausted(4, reconnectPresets.guide)).toBe(false);
    expect(exhausted(5, reconnectPresets.guide)).toBe(true);
  });

  it("patterns goes 1, 2, 4 ... 30 s without end", () => {
    expect(delays("patterns", 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(exhausted(1_000_000, reconnectPresets.patterns)).toBe(false);
  });

  it("the default adds 0 to 20 % and ends after ten", () => {
    expect(backoffDelay(2, reconnectPresets.default, () => 0)).toBe(4000);
    expect(backoffDelay(2, reconnectPresets.default, () => 1)).toBeCloseTo(4800);
    expect(exhausted(10, reconnectPresets.default)).toBe(true);
  });

  it("stays finite for any attempt", () => {
    expect(backoffDelay(100_000, reconnectPresets.patterns, () => 0)).toBe(30_000);
  });
});

it("maps reconnectInterval and maxReconnectAttempts onto base and attempts", () => {
  const policy = guidePolicy(5000, 10);
  expect(policy).toMatchObject({ baseMs: 5000, maxAttempts: 10, jitter: 0 });
  expect(backoffDelay(4, policy, () => 0)).toBe(80_000);
});
