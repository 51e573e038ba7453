import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { notices, offlineQueue, stopTexts, type RealtimeClient } from "@pgsidecar/client";
import { advance, connectedStage, stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const shown = (client: RealtimeClient): string[] => notices(client).store.getSnapshot().map(({ kind, message }) => `${kind}: ${message}`);

it("tells of connection events and forgets them after 5 s, errors stay", async () => {
  const { server, client } = stage({ reconnect: { maxAttempts: 1, jitter: 0 } });
  notices(client).start();
  client.connect();
  await advance();
  expect(shown(client)).toEqual(["success: Connected"]);
  await advance(5000);
  expect(shown(client)).toEqual([]);
  server.socket.drop(1006);
  expect(shown(client)).toEqual(["warning: Connection lost. Reconnecting..."]);
  await advance(1000);
  expect(shown(client).at(-1)).toBe("success: Connection restored");
  server.refuse = true;
  server.socket.drop(1006);
  await advance(20_000);
  expect(shown(client)).toEqual([`error: ${stopTexts.exhausted}`]);
  const [notice] = notices(client).store.getSnapshot();
  notices(client).dismiss(notice?.id ?? 0);
  expect(shown(client)).toEqual([]);
});

it("tells of queued and dropped messages, once for many", async () => {
  const { server, client } = stage();
  const queue = offlineQueue(client, { storage: "memory", maxRetries: 1 });
  const stop = notices(client).start();
  await queue.sendWithQueue("room:a", "e", 1);
  await queue.sendWithQueue("room:a", "e", 2);
  expect(shown(client)).toEqual(["info: Message queued, will send when online"]);
  server.handlers.publish = () => ({ code: "BAD_REQUEST", message: "no such event" });
  client.connect();
  await advance(3000);
  expect(shown(client).at(-1)).toMatch(/^error: A message for room:a was dropped after 1 attempts: no such event$/);
  notices(client).add("info", "Merged remote changes with your edits");
  expect(shown(client).at(-1)).toBe("info: Merged remote changes with your edits");
  stop();
  expect(shown(client)).toEqual([]);
});

it("ends with the last who watches", async () => {
  const { server, client } = await connectedStage();
  const one = notices(client).start();
  const two = notices(client).start();
  one();
  one();
  server.socket.drop(1006);
  expect(shown(client).length).toBe(1);
  two();
  await advance(2000);
  expect(shown(client)).toEqual([]);
});
