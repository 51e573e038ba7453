// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { advance, connectedStage, stage } from "../support/setup.js";

let online = true;
beforeEach(() => {
  vi.useFakeTimers();
  online = true;
  vi.spyOn(navigator, "onLine", "get").mockImplementation(() => online);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const goOffline = (): void => {
  online = false;
  window.dispatchEvent(new Event("offline"));
};
const goOnline = (): void => {
  online = true;
  window.dispatchEvent(new Event("online"));
};
const show = (): boolean => document.dispatchEvent(new Event("visibilitychange"));

it("spends no attempts while offline and connects at once when online", async () => {
  const { server, client } = await connectedStage();
  goOffline();
  server.socket.drop(1006);
  await advance(600_000);
  expect(server.sockets.length).toBe(1);
  expect(client.connection.getSnapshot()).toMatchObject({ state: "reconnecting", nextRetryAt: null, online: false, attempts: 0 });
  goOnline();
  await advance();
  expect(client.connection.getSnapshot()).toMatchObject({ state: "connected", online: true });
  client.disconnect();
});

it("stops a planned attempt when the network goes", async () => {
  const { server, client } = await connectedStage();
  server.socket.drop(1006);
  goOffline();
  await advance(60_000);
  expect(server.sockets.length).toBe(1);
  goOnline();
  await advance();
  expect(client.isConnected()).toBe(true);
  client.disconnect();
});

it("tries again at once when the tab becomes visible, also when attempts were used up", async () => {
  const { server, client } = stage({ reconnect: { maxAttempts: 1 } });
  server.refuse = true;
  client.connect();
  await advance(5000);
  expect(client.connection.getSnapshot().reason).toBe("exhausted");
  server.refuse = false;
  show();
  await advance();
  expect(client.isConnected()).toBe(true);
  client.disconnect();
});

it("asks a standing connection for a pong when the tab comes back, and drops a stale one", async () => {
  const { server, client } = await connectedStage();
  show();
  expect(server.socket.sentOf("ping").length).toBe(1);
  server.socket.say({ type: "pong", payload: { t: performance.now(), serverTime: 1 } });
  // Asleep: the clock went on, the timers did not.
  vi.spyOn(performance, "now").mockReturnValue(performance.now() + 100_000);
  show();
  expect(server.socket.closed).toBe(true);
  client.disconnect();
});

it("leaves a refused or disconnected client alone", async () => {
  const { server, client } = await connectedStage();
  server.socket.drop(4403);
  goOnline();
  show();
  await advance(1000);
  expect(client.connection.getSnapshot().state).toBe("error");
  client.disconnect();
  goOnline();
  show();
  await advance(1000);
  expect(server.sockets.length).toBe(1);
});
