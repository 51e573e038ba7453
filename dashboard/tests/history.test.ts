import { expect, it } from "vitest";
import type { HistoryAnswer, Maybe } from "../src/data/types.js";
import { buckets, extend, plotData, recent, summarise, type History } from "../src/lib/history.js";
import { openOutage, outagesOf } from "../src/lib/outages.js";

const start = 1_700_000_000_000;

function answer(at: number[], values: Maybe<number>[], connected: number[] = values.map(() => 1), startedAtMs = 1): HistoryAnswer {
  return { nowMs: at.at(-1) ?? start, startedAtMs, stepMs: 1000, seconds: 900, samples: { atMs: at, statementsPerSecond: values, connected } };
}

const seconds = (from: number, number: number): number[] => Array.from({ length: number }, (_, i) => start + (from + i) * 1000);

it("puts new seconds behind the old ones, once, and forgets what is too old", () => {
  const first = extend(null, answer(seconds(0, 3), [1, 2, 3]));
  const second = extend(first, answer(seconds(2, 3), [9, 4, 5]));
  expect(second.columns.statementsPerSecond).toEqual([1, 2, 3, 4, 5]);
  expect(second.columns.clients).toEqual([null, null, null, null, null]);
  const later = extend(second, answer(seconds(902, 1), [6]));
  expect(later.at).toEqual([...seconds(3, 2), ...seconds(902, 1)]);
});

it("begins anew with the sidecar", () => {
  const first = extend(null, answer(seconds(0, 3), [1, 2, 3]));
  expect(extend(first, answer(seconds(5, 1), [7], [1], 2)).columns.statementsPerSecond).toEqual([7]);
});

it("sums up what is known", () => {
  expect(summarise([3, null, 1, 2, null])).toEqual({ last: 2, min: 1, max: 3 });
  expect(summarise([5, ...Array<null>(12).fill(null)])).toEqual({ last: null, min: 5, max: 5 });
  expect(summarise([])).toEqual({ last: null, min: null, max: null });
  expect(recent([100, 1, null, 3], 3)).toBe(2);
});

it("leaves a gap where the process slept", () => {
  const history = extend(null, answer([...seconds(0, 2), ...seconds(10, 1)], [1, 2, 3]));
  expect(plotData(history, ["statementsPerSecond"])[1]).toEqual([1, 2, null, 3]);
});

it("makes tables of means, newest first", () => {
  const history = extend(null, answer(seconds(1, 4), [2, 4, 6, 8]));
  const table = buckets(history, ["statementsPerSecond"], 2000);
  expect(table.map(({ values }) => values[0])).toEqual([7, 3]);
  expect(table[1]?.from).toBe(start);
});

it("finds when the database was away", () => {
  const history: History = extend(null, answer(seconds(0, 6), [1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 0, 1]));
  expect(outagesOf(history).map(([from, to]) => to - from)).toEqual([2, 1]);
  expect(openOutage(history)).toBeNull();
  expect(openOutage(extend(history, answer(seconds(6, 2), [1, 1], [0, 0])))).toBe(start + 5000);
});
