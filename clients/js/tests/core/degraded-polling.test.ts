import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { DegradedPolling } from "@pgsidecar/client";
import { advance, connectedStage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("polls every 5 s while the WebSocket fails and stops when it is back", async () => {
  const { server, client } = await connectedStage({ reconnect: { maxAttempts: 1, jitter: 0 } });
  const poll = vi.fn(() => Promise.resolve());
  const polling = new DegradedPolling(client, { poll });
  const stop = polling.start();
  await advance(60_000 - 30_000);
  expect(poll).not.toHaveBeenCalled();
  server.refuse = true;
  server.socket.drop(1006);
  expect(polling.store.getSnapshot().active).toBe(true);
  await advance(15_000);
  expect(client.connection.getSnapshot().state).toBe("error");
  expect(poll).toHaveBeenCalledTimes(3);
  server.refuse = false;
  client.reconnect();
  await advance(20_000);
  expect(polling.store.getSnapshot()).toMatchObject({ active: false, error: null });
  expect(poll).toHaveBeenCalledTimes(3);
  stop();
});

it("has one poll at a time and shows why one failed", async () => {
  const { server, client } = await connectedStage({ reconnect: { maxAttempts: 1 } });
  let end: (error: Error) => void = () => undefined;
  const poll = vi.fn(() => new Promise<void>((_, reject) => (end = reject)));
  const polling = new DegradedPolling(client, { poll, intervalMs: 100 });
  polling.start();
  server.refuse = true;
  server.socket.drop(1006);
  await advance(1000);
  expect(poll).toHaveBeenCalledTimes(1);
  end(new Error("HTTP 503"));
  await advance(100);
  expect(polling.store.getSnapshot().error?.message).toBe("HTTP 503");
  expect(poll).toHaveBeenCalledTimes(2);
  client.disconnect();
  await advance(1000);
  expect(poll).toHaveBeenCalledTimes(2);
});
