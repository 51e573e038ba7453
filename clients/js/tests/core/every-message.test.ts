import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ServerMessage } from "@pgsidecar/client";
import { at, epoch, session } from "../support/fake-socket.js";
import { advance, connectedStage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const element = { type: "task", id: "t-12", title: "Write tests" };
const messages: { [Type in ServerMessage["type"]]: Extract<ServerMessage, { type: Type }> } = {
  "database:status": { type: "database:status", seq: 41, payload: { mode: "local", status: "connected", timestamp: at } },
  "database:health": { type: "database:health", payload: { healthy: false, latency: 5000, mode: "supabase", timestamp: at, error: "timed out" } },
  "database:error": {
    type: "database:error",
    seq: 42,
    payload: { operation: "connect", error: "ECONNREFUSED", message: "m", recoverable: true, timestamp: at, attempt: 3, final: true },
  },
  "session:ready": { type: "session:ready", payload: session },
  reply: { type: "reply", id: "nobody-asked", payload: { ok: false, error: { code: "FORBIDDEN", message: "m" } } },
  event: { type: "event", channel: "tasks", seq: 57, payload: { action: "created", element, at } },
  change: {
    type: "change",
    channel: "db:public.positions",
    seq: 58,
    payload: {
      sub: [1],
      eventType: "UPDATE",
      schema: "public",
      table: "positions",
      commitTimestamp: at,
      lsn: "0/154C2C0",
      xid: 738,
      new: { id: 1 },
      old: { id: 1 },
      unchanged: ["big"],
      columns: [{ name: "id", type: "int8" }],
      errors: null,
      source: "wal",
    },
  },
  broadcast: { type: "broadcast", channel: "room:a", payload: { event: "price-update", data: [1], messageId: "m-1" } },
  "presence:state": { type: "presence:state", channel: "room:a", payload: { state: { u1: [{ ref: "a1", username: "trader1" }] } } },
  "presence:diff": { type: "presence:diff", channel: "room:a", payload: { joins: { u2: [{ ref: "a2" }] }, leaves: {} } },
  operation: {
    type: "operation",
    channel: "database:operations",
    payload: { id: "op-7", connectionId: "c-1", type: "insert", startTime: at, endTime: at, durationMs: 1.92, success: true, affectedRows: 1 },
  },
  "stream:gap": { type: "stream:gap", payload: { reason: "too-old", epoch, from: 3, to: 900, channels: ["tasks"] } },
  "system:warning": { type: "system:warning", payload: { code: "MOCK_MODE", message: "m", timestamp: at } },
  "auth:expiring": { type: "auth:expiring", payload: { expiresAt: at } },
  pong: { type: "pong", payload: { t: 1.5, serverTime: 1763632800012 } },
  bye: { type: "bye", payload: { code: 4508, reason: "slow consumer", reconnect: true, retryAfterMs: 1000 } },
};

// Typed by this package and checked by the schema when it is said: the two agree.
it.each(Object.values(messages))("understands $type", async (message) => {
  const { server, client } = await connectedStage();
  const heard: ServerMessage[] = [];
  client.on("message", (one) => heard.push(one));
  server.socket.say(message);
  await advance();
  expect(heard).toEqual([message]);
  expect(client.metrics.current().malformedMessages).toBe(0);
});
