import { beforeEach, expect, it } from "vitest";
import type { Operation } from "../src/data/types.js";
import { matches, OperationLog } from "../src/lib/operation-log.js";

let tasks: (() => void)[];
let now: number;
let log: OperationLog;

beforeEach(() => {
  tasks = [];
  now = 1000;
  log = new OperationLog((task) => tasks.push(task), () => now);
});

const operation = (id: string, more: Partial<Operation> = {}): Operation => ({ id, connectionId: "c", type: "query", startTime: "2026-11-20T10:00:00.000Z", success: true, ...more });
const draw = (): void => tasks.splice(0).forEach((task) => task());
const ids = (): string[] => log.cell.getSnapshot().rows.map(({ id }) => id);

it("shows the newest first, each once, in one drawing", () => {
  log.add(operation("a"));
  log.add(operation("b"));
  log.seed([operation("b"), operation("a"), operation("z")]);
  expect(tasks.length).toBe(1);
  draw();
  expect(ids()).toEqual(["z", "b", "a"]);
});

it("keeps 200 and knows no more than those", () => {
  for (let i = 0; i < 500; ++i) log.add(operation(`o${i}`));
  draw();
  expect(ids().length).toBe(200);
  expect(ids()[0]).toBe("o499");
  log.add(operation("o1"));
  draw();
  expect(ids()[0]).toBe("o1");
});

it("holds still while paused and counts what waits", () => {
  log.add(operation("a"));
  draw();
  log.togglePause();
  log.add(operation("b"));
  draw();
  expect([ids(), log.cell.getSnapshot().waiting]).toEqual([["a"], 1]);
  log.togglePause();
  draw();
  expect([ids(), log.cell.getSnapshot().waiting]).toEqual([["b", "a"], 0]);
});

it("says how much of the traffic it shows", () => {
  log.add(operation("a"), 9);
  draw();
  expect(log.cell.getSnapshot()).toMatchObject({ skipped: 9, oneIn: 10 });
  now += 11_000;
  log.add(operation("b"));
  draw();
  expect(log.cell.getSnapshot()).toMatchObject({ skipped: 9, oneIn: 1 });
});

it("filters by what a person would look for", () => {
  const one = operation("a", { statement: "SELECT 1", table: "public.orders", success: false, error: "boom", sqlstate: "23505" });
  expect(["select", "ORDERS", "boom", "23505", "  "].every((text) => matches(one, text, true))).toBe(true);
  expect(matches(one, "nothing", false)).toBe(false);
  expect(matches(operation("b"), "", true)).toBe(false);
});
