import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connectionHealth } from "@pgsidecar/client";
import { advance, connectedStage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const answerPings = (server: Awaited<ReturnType<typeof connectedStage>>["server"], afterMs: number): void => {
  const { socket } = server;
  const send = socket.send.bind(socket);
  socket.send = (text) => {
    send(text);
    const last = socket.sent.at(-1);
    if (last?.type !== "ping") return;
    setTimeout(() => socket.say({ type: "pong", payload: { t: last.payload.t, serverTime: 1 } }), afterMs);
  };
};

it("pings every 30 s and measures the answer", async () => {
  const { server, client } = await connectedStage();
  answerPings(server, 20);
  await advance(90_000);
  expect(server.socket.sentOf("ping").length).toBe(3);
  expect(client.metrics.current()).toMatchObject({ latency: 20, avgLatency: 20 });
  expect(client.health.getSnapshot()).toEqual({ status: "healthy", color: "green", latency: 20 });
  expect(client.isConnected()).toBe(true);
});

it("takes the interval from the application, else from the server", async () => {
  const { server } = await connectedStage({ pingInterval: 5000 });
  answerPings(server, 1);
  await advance(20_000);
  expect(server.socket.sentOf("ping").length).toBe(4);
});

it("has one ping outstanding and reconnects when it stays unanswered for 10 s", async () => {
  const { server, client } = await connectedStage({ pingInterval: 4000 });
  const first = server.socket;
  await advance(13_999);
  expect(first.sentOf("ping").length).toBe(1);
  expect(client.isConnected()).toBe(true);
  await advance(1);
  expect(first.closed).toBe(true);
  expect(client.connection.getSnapshot()).toMatchObject({ state: "reconnecting", error: { code: "TIMED_OUT" } });
  await advance(2000);
  expect(client.isConnected()).toBe(true);
});

it("forgets the timer of a ping that a late pong answered", async () => {
  const { server, client } = await connectedStage();
  answerPings(server, 9000);
  await advance(30_000 + 9000);
  answerPings(server, 10);
  await advance(60_000);
  expect(client.metrics.current().disconnectCount).toBe(0);
});

it("gives a stale connection up: silence for 60 s, looked at every 15 s", async () => {
  const { server, client } = await connectedStage({ pingInterval: 1_000_000 });
  const seen: string[] = [];
  client.health.subscribe(() => void seen.push(client.health.getSnapshot().status));
  await advance(60_000);
  expect(client.isConnected()).toBe(true);
  await advance(15_000);
  expect(server.sockets[0]?.closed).toBe(true);
  expect(seen).toEqual(["stale", "offline"]);
  expect(client.connection.getSnapshot().error?.code).toBe("STALE");
});

it("names health as the components show it", () => {
  expect(connectionHealth("reconnecting", false, 5)).toEqual({ status: "offline", color: "red", latency: null });
  expect(connectionHealth("connected", true, 5).status).toBe("stale");
  expect(connectionHealth("connected", false, 501)).toMatchObject({ status: "slow", color: "yellow" });
  expect(connectionHealth("connected", false, 500).status).toBe("healthy");
  expect(connectionHealth("connected", false, null).status).toBe("healthy");
});

it("counts connections, messages and uptime", async () => {
  const { server, client } = await connectedStage();
  await advance(5000);
  expect(client.metrics.uptime()).toBe(5000);
  expect(client.metrics.current()).toMatchObject({ totalMessages: 3, disconnectCount: 0, avgLatency: 0 });
  server.socket.drop(1006);
  expect(client.metrics.current()).toMatchObject({ connectedAt: null, disconnectCount: 1 });
  expect(client.metrics.uptime()).toBe(0);
});
