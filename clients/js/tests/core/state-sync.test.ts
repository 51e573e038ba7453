import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { StateSync } from "@pgsidecar/client";
import { MemoryStorage } from "../../src/core/memory-storage.js";
import { offlineQueue } from "@pgsidecar/client";
import { advance, connectedStage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const row = (id: number, second: number): { id: number; updated_at: string } => ({
  id,
  updated_at: `2026-11-20T10:00:0${second}.000Z`,
});

function memory(entries: Record<string, string> = {}): { getItem(key: string): string | null; setItem(key: string, value: string): void } {
  return { getItem: (key) => entries[key] ?? null, setItem: (key, value) => void (entries[key] = value) };
}

it("goes by the rows' own times, with an overlap, and applies each version once", async () => {
  const asked: (string | null)[] = [];
  const applied: number[] = [];
  let answer = [row(1, 1), row(2, 5)];
  const sync = new StateSync<{ id: number; updated_at: string }>({
    storage: memory(),
    fetchSince: (since) => {
      asked.push(since);
      return Promise.resolve(answer);
    },
    apply: ({ id }) => void applied.push(id),
  });
  await sync.sync({ recovered: false });
  answer = [row(2, 5), row(3, 5), row(2, 6)];
  await sync.sync({ recovered: false });
  expect(asked).toEqual([null, "2026-11-20T10:00:03.000Z"]);
  expect(applied).toEqual([1, 2, 3, 2]);
  expect(sync.lastSync).toBe("2026-11-20T10:00:06.000Z");
  sync.observe(row(9, 8));
  expect(sync.lastSync).toBe("2026-11-20T10:00:08.000Z");
});

it("keeps its time in the storage and takes no other text for one", async () => {
  const entries: Record<string, string> = { mine: "2026-11-20T10:00:04.000Z", other: "yesterday" };
  const fetchSince = vi.fn(() => Promise.resolve([row(1, 7)]));
  const apply = (): void => undefined;
  const sync = new StateSync({ storage: memory(entries), key: "mine", fetchSince, apply });
  await sync.sync({ recovered: false });
  expect(fetchSince).toHaveBeenCalledWith("2026-11-20T10:00:02.000Z");
  expect(entries.mine).toBe("2026-11-20T10:00:07.000Z");
  expect(new StateSync({ storage: memory(entries), key: "other", fetchSince, apply }).lastSync).toBeNull();
});

it("does nothing when the stream was resumed, and prefers a full refetch, which sees deletes", async () => {
  const fetchSince = vi.fn(() => Promise.resolve([]));
  const refetch = vi.fn(() => Promise.resolve());
  const sync = new StateSync({ storage: memory(), fetchSince, apply: () => undefined, refetch });
  await sync.sync({ recovered: true });
  expect(refetch).not.toHaveBeenCalled();
  await sync.sync({ recovered: false });
  expect(refetch).toHaveBeenCalledOnce();
  expect(fetchSince).not.toHaveBeenCalled();
});

it("comes before the offline queue", async () => {
  const { server, client } = await connectedStage();
  const queue = offlineQueue(client, { storage: new MemoryStorage() });
  client.channel("tasks").subscribe();
  await advance();
  server.handlers.resume = () => ({ recovered: false, head: 10 });
  let answered = (): void => undefined;
  const fetchSince = (): Promise<[]> => new Promise((resolve) => (answered = () => resolve([])));
  new StateSync({ storage: memory(), fetchSince, apply: () => undefined }).attach(client);
  server.socket.drop(1006);
  await queue.enqueue("room:a", "e", 1);
  await advance(2000);
  expect(client.isConnected()).toBe(true);
  expect(server.socket.sentOf("publish")).toEqual([]);
  answered();
  await advance();
  expect(server.socket.sentOf("publish").length).toBe(1);
});
