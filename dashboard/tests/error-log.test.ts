import { expect, it } from "vitest";
import { ErrorLog } from "../src/data/error-log.js";
import { sorted } from "../src/lib/sort.js";

const failed = (second: number, message = "Refused") => ({
  operation: "connect",
  error: "ECONNREFUSED",
  message,
  recoverable: true,
  timestamp: `2026-11-20T10:00:${String(second).padStart(2, "0")}.000Z`,
});

it("takes each error once, newest first, and counts what repeats itself", () => {
  const log = new ErrorLog();
  for (const second of [1, 2, 2, 3]) log.database(failed(second));
  log.database(failed(4, "Other"));
  log.operation({ id: "a", connectionId: "c", type: "insert", startTime: "2026-11-20T10:00:00.000Z", success: false, error: "dup", sqlstate: "23505" });
  log.operation({ id: "b", connectionId: "c", type: "insert", startTime: "2026-11-20T10:00:00.000Z", success: true });
  expect(log.cell.getSnapshot().map(({ message, times }) => [message, times])).toEqual([
    ["Other", 1],
    ["Refused", 3],
    ["dup", 1],
  ]);
  log.database(failed(1));
  expect(log.cell.getSnapshot().length).toBe(3);
});

it("sorts numbers by size, texts by alphabet, and what is not known last", () => {
  expect(sorted([10, null, 9, 100], (n) => n, true)).toEqual([100, 10, 9, null]);
  expect(sorted([10, null, 9, 100], (n) => n, false)).toEqual([9, 10, 100, null]);
  expect(sorted(["b", "a"], (s) => s, false)).toEqual(["a", "b"]);
});
