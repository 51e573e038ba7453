import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { offlineQueue, queueKey, type QueuedMessage, type QueueStorage } from "@pgsidecar/client";
import { IndexedDbStorage } from "../../src/core/indexed-db-storage.js";
import { LocalStorage } from "../../src/core/local-storage.js";
import { MemoryStorage } from "../../src/core/memory-storage.js";
import { openStorage } from "../../src/core/queue-storage.js";
import { advance, connectedStage, recorder, stage } from "../support/setup.js";

// IndexedDB's stand-in works with setImmediate.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"] }));
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const message = (id: string, timestamp = 1): QueuedMessage => ({
  id,
  channel: "room:a",
  event: "e",
  payload: { n: id },
  timestamp,
  retries: 0,
});

class FakeLocalStorage {
  readonly entries = new Map<string, string>();
  full = false;
  getItem(key: string): string | null {
    return this.entries.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new Error("QuotaExceededError");
    this.entries.set(key, value);
  }
}

const storages: [string, () => QueueStorage][] = [
  ["IndexedDB", () => new IndexedDbStorage(`q${Math.random()}`)],
  ["localStorage", () => new LocalStorage(queueKey, new FakeLocalStorage())],
  ["memory", () => new MemoryStorage()],
];

describe.each(storages)("the storage %s", (_name, open) => {
  it("keeps, replaces and removes", async () => {
    const storage = open();
    expect(await storage.load()).toEqual([]);
    await storage.put(message("a"));
    await storage.put(message("b"));
    await storage.put({ ...message("a"), retries: 2 });
    expect((await storage.load()).map(({ id, retries }) => [id, retries]).sort()).toEqual([["a", 2], ["b", 0]]);
    await storage.remove("a");
    expect((await storage.load()).map(({ id }) => id)).toEqual(["b"]);
  });
});

describe("the choice of storage", () => {
  it("is IndexedDB, else localStorage, else memory", () => {
    expect(openStorage(queueKey)).toBeInstanceOf(IndexedDbStorage);
    vi.stubGlobal("indexedDB", undefined);
    vi.stubGlobal("localStorage", new FakeLocalStorage());
    expect(openStorage(queueKey)).toBeInstanceOf(LocalStorage);
    vi.stubGlobal("localStorage", undefined);
    expect(openStorage(queueKey)).toBeInstanceOf(MemoryStorage);
    expect(openStorage(queueKey, "memory")).toBeInstanceOf(MemoryStorage);
  });

  it("takes what is no queue for an empty one", async () => {
    const storage = new FakeLocalStorage();
    for (const text of ["{", "7", '[{"id":1},null,{"id":"a"}]']) {
      storage.entries.set(queueKey, text);
      expect(await new LocalStorage(queueKey, storage).load()).toEqual([]);
    }
  });
});

describe("sendWithQueue", () => {
  it("sends at once when connected", async () => {
    const { server, client } = await connectedStage();
    const queue = offlineQueue(client, { storage: "memory" });
    await expect(queue.sendWithQueue("room:a", "order", { qty: 100 })).resolves.toEqual({ queued: false });
    expect(server.socket.sentOf("publish")).toMatchObject([{ payload: { event: "order", data: { qty: 100 } } }]);
  });

  it("queues without a connection, keeps it over a reload, and sends in order on connect", async () => {
    const storage = new MemoryStorage();
    const first = offlineQueue(stage().client, { storage });
    const queued = recorder<QueuedMessage>();
    first.on("queued", queued.listener);
    for (let n = 0; n < 25; n++) await expect(first.sendWithQueue("room:a", "e", n)).resolves.toEqual({ queued: true });
    expect(queued.calls.length).toBe(25);

    const { server, client } = stage();
    const second = offlineQueue(client, { storage });
    await second.loaded;
    expect(second.pending).toBe(25);
    client.connect();
    await advance();
    const sent = server.socket.sentOf("publish");
    expect(sent.map(({ payload }) => payload.data)).toEqual(Array.from({ length: 25 }, (_, n) => n));
    expect(new Set(sent.map(({ payload }) => payload.messageId)).size).toBe(25);
    expect(second.pending).toBe(0);
    expect(await storage.load()).toEqual([]);
  });

  it("queues what a lost connection swallowed, and throws what was refused for good", async () => {
    const { server, client } = await connectedStage();
    const queue = offlineQueue(client, { storage: "memory" });
    server.handlers.publish = () => "silence";
    const cut = queue.sendWithQueue("room:a", "e", 1);
    await advance();
    server.socket.drop(1006);
    await expect(cut).resolves.toEqual({ queued: true });
    server.handlers.publish = () => ({ code: "FORBIDDEN" });
    await advance(2000);
    await queue.clear();
    await expect(queue.sendWithQueue("room:a", "e", 2)).rejects.toMatchObject({ code: "FORBIDDEN" });
  });

  it("does not let a message overtake one that waits for the same channel", async () => {
    const { client } = await connectedStage();
    const queue = offlineQueue(client, { storage: "memory" });
    await queue.enqueue("room:a", "e", 1);
    await expect(queue.sendWithQueue("room:a", "e", 2)).resolves.toEqual({ queued: true });
    await expect(queue.sendWithQueue("room:b", "e", 3)).resolves.toEqual({ queued: false });
    await advance(1000);
    expect(queue.pending).toBe(0);
  });

  it("has a limit", async () => {
    const queue = offlineQueue(stage().client, { storage: "memory", maxMessages: 1 });
    await queue.enqueue("room:a", "e", 1);
    await expect(queue.enqueue("room:a", "e", 2)).rejects.toMatchObject({ code: "QUEUE_FULL" });
  });
});

describe("a message that is refused", () => {
  it("is sent three times and then dropped with an error; others of its channel wait, others go", async () => {
    const { server, client } = stage();
    const queue = offlineQueue(client, { storage: "memory" });
    const dropped = recorder<{ message: QueuedMessage; error: Error }>();
    const errors = recorder<Error>();
    queue.on("dropped", dropped.listener);
    client.on("error", errors.listener);
    await queue.enqueue("room:a", "bad", 1);
    await queue.enqueue("room:a", "good", 2);
    await queue.enqueue("room:b", "good", 3);
    server.handlers.publish = (sent) => (sent.type === "publish" && sent.payload.event === "bad" ? { code: "BAD_REQUEST" } : {});
    client.connect();
    await advance(5000);
    const sent = server.socket.sentOf("publish").map(({ payload }) => payload.data);
    expect(sent).toEqual([1, 3, 1, 1, 2]);
    expect(dropped.calls).toMatchObject([{ message: { event: "bad", retries: 3 }, error: { code: "QUEUE_DROPPED" } }]);
    expect(errors.calls.length).toBe(1);
    expect(queue.pending).toBe(0);
  });

  it("is not to blame for a rate limit or a lost connection", async () => {
    const { server, client } = stage({ pingInterval: 1_000_000 });
    const queue = offlineQueue(client, { storage: "memory", maxRetries: 1 });
    await queue.enqueue("room:a", "e", 1);
    server.handlers.publish = () => ({ code: "RATE_LIMITED", retryAfterMs: 3000 });
    client.connect();
    await advance(2999);
    expect(server.socket.sentOf("publish").length).toBe(1);
    server.handlers.publish = () => "silence";
    await advance(1);
    expect(server.socket.sentOf("publish").length).toBe(2);
    server.socket.drop(1006);
    await advance();
    expect(queue.pending).toBe(1);
    delete server.handlers.publish;
    await advance(2000);
    expect(queue.pending).toBe(0);
  });
});

describe("the storage's faults", () => {
  it("are reported and the queue goes on in memory", async () => {
    const local = new FakeLocalStorage();
    local.full = true;
    const { server, client } = stage();
    const errors = recorder<Error>();
    client.on("error", errors.listener);
    const queue = offlineQueue(client, { storage: new LocalStorage(queueKey, local) });
    await queue.enqueue("room:a", "e", 1);
    expect(errors.calls).toMatchObject([{ code: "STORAGE_FAILED" }]);
    client.connect();
    await advance();
    expect(server.socket.sentOf("publish").length).toBe(1);
    expect(queue.pending).toBe(0);
  });
});

it("leaves to another tab what that one has sent, by a lock around each run", async () => {
  const locked: string[] = [];
  vi.stubGlobal("navigator", {
    onLine: true,
    locks: {
      request: async (name: string, act: () => Promise<void>) => {
        locked.push(name);
        await act();
      },
    },
  });
  const storage = new MemoryStorage();
  const { server, client } = stage();
  const queue = offlineQueue(client, { storage });
  const { id } = await queue.enqueue("room:a", "e", 1);
  await queue.enqueue("room:a", "e", 2);
  await storage.remove(id);
  client.connect();
  await advance();
  expect(locked).toEqual([queueKey]);
  expect(server.socket.sentOf("publish").map(({ payload }) => payload.data)).toEqual([2]);
});
