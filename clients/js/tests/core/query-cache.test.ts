import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { invalidateOnEvents, optimisticUpdate, type QueryCache } from "@pgsidecar/client";
import { epoch } from "../support/fake-socket.js";
import { advance, connectedStage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function cacheOf(data: Map<string, unknown>): { cache: QueryCache; log: string[] } {
  const log: string[] = [];
  const cache: QueryCache = {
    invalidateQueries: ({ queryKey }) => Promise.resolve(log.push(`invalidate ${queryKey.join()}`)),
    cancelQueries: ({ queryKey }) => Promise.resolve(log.push(`cancel ${queryKey.join()}`)),
    getQueryData: (key) => data.get(key.join()),
    setQueryData: (key, value) => void data.set(key.join(), value),
  };
  return { cache, log };
}

it("invalidates what an event is about, and the rest after a gap", async () => {
  const { server, client } = await connectedStage();
  const { cache, log } = cacheOf(new Map());
  const stop = invalidateOnEvents(client, cache, ({ element }) => (element.type === "task" ? [["tasks"]] : []), [["all"]]);
  await advance();
  const say = (type: string, seq: number): void =>
    server.socket.say({ type: "event", channel: "tasks", seq, payload: { action: "updated", element: { type, id: "1" } } });
  say("task", 11);
  say("plan", 12);
  server.socket.say({ type: "stream:gap", payload: { reason: "source-lost", epoch, from: 12, to: 13 } });
  expect(log).toEqual(["invalidate tasks", "invalidate all"]);
  stop();
  say("task", 14);
  expect(log.length).toBe(2);
});

it("shows a mutation at once, takes it back on error, and refetches in the end", async () => {
  const data = new Map<string, unknown>([["tasks", [1]]]);
  const { cache, log } = cacheOf(data);
  const update = optimisticUpdate<number, number[]>(cache, ["tasks"], (old = [], task) => [...old, task]);
  const context = await update.onMutate(2);
  expect(data.get("tasks")).toEqual([1, 2]);
  update.onError(new Error("no"), 2, context);
  expect(data.get("tasks")).toEqual([1]);
  await update.onSettled();
  expect(log).toEqual(["cancel tasks", "invalidate tasks"]);
});
