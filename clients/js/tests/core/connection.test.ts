import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RealtimeError, reconnectPresets, retainClient, type ConnectionState, type RealtimeClient } from "@pgsidecar/client";
import { at, session } from "../support/fake-socket.js";
import { advance, connectedStage, recorder, stage } from "../support/setup.js";

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function states(client: RealtimeClient): ConnectionState[] {
  const seen: ConnectionState[] = [];
  client.connection.subscribe(() => {
    const { state } = client.connection.getSnapshot();
    if (state !== seen.at(-1)) seen.push(state);
  });
  return seen;
}

describe("connecting", () => {
  it("is connected once session:ready has come, not before", async () => {
    const { server, client } = stage();
    server.automatic = false;
    const seen = states(client);
    client.connect();
    await advance();
    server.socket.open();
    server.socket.say({ type: "database:status", payload: { mode: "mock", status: "connected", timestamp: at }, seq: 4 });
    expect(client.isConnected()).toBe(false);
    expect(client.database.getSnapshot()).toMatchObject({ status: "connected", mode: "mock", live: true });
    server.socket.say({ type: "session:ready", payload: session });
    expect(seen).toEqual(["connecting", "connected"]);
    expect(client.connection.getSnapshot().session?.sessionId).toBe("s-1");
  });

  it("offers the protocol, and the token beside it", async () => {
    const { server } = await connectedStage({ token: "sécret?>" });
    expect(server.socket.url).toBe("ws://sidecar/ws");
    expect(server.socket.protocols).toEqual(["pgsidecar.v1", "bearer.c8OpY3JldD8-"]);
  });

  it("sends the token as the first message when asked", async () => {
    const { server } = await connectedStage({ token: () => Promise.resolve("t"), tokenIn: "message" });
    expect(server.socket.protocols).toEqual(["pgsidecar.v1"]);
    expect(server.socket.sent[0]).toMatchObject({ type: "auth", payload: { token: "t" } });
  });

  it("makes http addresses ws ones and adds the path", async () => {
    const { server } = await connectedStage({ url: "http://127.0.0.1:6480" });
    expect(server.socket.url).toBe("ws://127.0.0.1:6480/ws");
  });

  it("says so when there is no WebSocket or no such address", async () => {
    const broken = class {
      constructor() {
        throw new SyntaxError("bad");
      }
    };
    const { client } = stage({ WebSocket: broken as never });
    client.connect();
    await advance();
    expect(client.connection.getSnapshot()).toMatchObject({ state: "error", reason: "refused", error: { code: "BAD_URL" } });
  });

  it("gives an attempt up that gets no session in time", async () => {
    const { server, client } = stage();
    server.automatic = false;
    client.connect();
    await advance(10_000);
    expect(server.socket.closed).toBe(true);
    expect(client.connection.getSnapshot()).toMatchObject({ state: "reconnecting", error: { code: "TIMED_OUT" } });
  });
});

describe("after a loss", () => {
  it("follows the default schedule and ends in error with reason exhausted", async () => {
    const { server, client } = await connectedStage({ reconnect: reconnectPresets.default });
    server.refuse = true;
    server.socket.drop(1006);
    const waits: number[] = [];
    while (client.connection.getSnapshot().state === "reconnecting") {
      const from = Date.now();
      waits.push((client.connection.getSnapshot().nextRetryAt ?? 0) - from);
      await advance(waits.at(-1));
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
    expect(client.connection.getSnapshot()).toMatchObject({ state: "error", reason: "exhausted", attempts: 10 });
    expect(server.sockets.length).toBe(11);
  });

  it("resets the count on success", async () => {
    const { server, client } = await connectedStage();
    server.refuse = true;
    server.socket.drop(1006);
    await advance(3000);
    expect(client.connection.getSnapshot().attempts).toBe(2);
    server.refuse = false;
    await advance(4000);
    expect(client.connection.getSnapshot()).toMatchObject({ state: "connected", attempts: 0, error: null });
  });

  it("takes the server's policy from session:ready, unless the application has one", async () => {
    const advertised = { baseMs: 7000, factor: 2, maxMs: 30_000, jitter: 0, maxAttempts: 1 };
    for (const [option, wait] of [[undefined, 7000], [reconnectPresets.guide, 3000]] as const) {
      const { server, client } = stage(option ? { reconnect: option } : {});
      server.session = { ...session, reconnect: advertised };
      client.connect();
      await advance();
      server.socket.drop(1006);
      expect((client.connection.getSnapshot().nextRetryAt ?? 0) - Date.now()).toBe(wait);
    }
  });

  it.each([
    [1000, "disconnected", null],
    [1009, "error", "refused"],
    [4400, "error", "refused"],
    [4403, "error", "auth"],
  ])("does not come back from %i", async (code, state, reason) => {
    const { server, client } = await connectedStage();
    server.socket.drop(code);
    await advance(120_000);
    expect(client.connection.getSnapshot()).toMatchObject({ state, reason });
    expect(server.sockets.length).toBe(1);
  });

  it.each([
    [1001, 1000],
    [1006, 1000],
    [1012, 5000],
    [4408, 1000],
    [4429, 60_000],
    [4508, 1000],
  ])("comes back from %i after %i ms", async (code, wait) => {
    const { server } = await connectedStage();
    server.socket.drop(code);
    await advance(wait - 1);
    expect(server.sockets.length).toBe(1);
    await advance(1);
    expect(server.sockets.length).toBe(2);
  });

  it("believes bye more than the close code", async () => {
    const { server, client } = await connectedStage();
    server.socket.bye(1013, true, 2500);
    expect((client.connection.getSnapshot().nextRetryAt ?? 0) - Date.now()).toBe(2500);
    await advance(2500);
    server.socket.bye(1001, false);
    expect(client.connection.getSnapshot().state).toBe("error");
  });
});

describe("4401", () => {
  it("asks the token source once more, and then gives up", async () => {
    let tokens = 0;
    const { server, client } = stage({ token: () => `t${++tokens}` });
    server.automatic = false;
    client.connect();
    await advance();
    server.socket.bye(4401, true);
    await advance();
    expect(tokens).toBe(2);
    server.socket.bye(4401, true);
    await advance();
    expect(client.connection.getSnapshot()).toMatchObject({ state: "error", reason: "auth" });
  });

  it("gives up at once with a fixed token", async () => {
    const { server, client } = await connectedStage({ token: "old" });
    server.socket.drop(4401);
    expect(client.connection.getSnapshot()).toMatchObject({ state: "error", reason: "auth" });
  });

  it("renews the token in place when the server says that it expires", async () => {
    let tokens = 0;
    const { server } = await connectedStage({ token: () => `t${++tokens}` });
    server.socket.say({ type: "auth:expiring", payload: { expiresAt: at } });
    await advance();
    expect(server.socket.sentOf("auth")).toMatchObject([{ payload: { token: "t2" } }]);
  });

  it("tries later when the token source fails", async () => {
    const { client } = stage({ token: () => Promise.reject(new Error("offline")) });
    client.connect();
    await advance();
    expect(client.connection.getSnapshot()).toMatchObject({ state: "reconnecting", error: { code: "UNAUTHORIZED" } });
  });
});

describe("the user", () => {
  it("reconnects from error with a fresh count", async () => {
    const { server, client } = stage({ reconnect: { maxAttempts: 1 } });
    server.refuse = true;
    client.connect();
    await advance(1000);
    expect(client.connection.getSnapshot().state).toBe("error");
    server.refuse = false;
    client.reconnect();
    await advance();
    expect(client.connection.getSnapshot()).toMatchObject({ state: "connected", attempts: 0 });
  });

  it("stays disconnected when asked to", async () => {
    const { server, client } = await connectedStage();
    client.disconnect();
    expect(server.socket.closed).toBe(true);
    await advance(120_000);
    expect(client.connection.getSnapshot().state).toBe("disconnected");
    expect(server.sockets.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("may disconnect from within a listener of the loss", async () => {
    const { server, client } = await connectedStage();
    client.on("error", () => client.disconnect());
    server.socket.drop(1006);
    await advance(120_000);
    expect(client.connection.getSnapshot().state).toBe("disconnected");
    expect(server.sockets.length).toBe(1);
  });

  it("shares a connection by holding it", async () => {
    const { server, client } = stage();
    const first = retainClient(client);
    const second = retainClient(client);
    await advance();
    first();
    first();
    await advance();
    expect(client.isConnected()).toBe(true);
    second();
    const third = retainClient(client);
    await advance();
    expect(client.isConnected()).toBe(true);
    expect(server.sockets.length).toBe(1);
    third();
    await advance();
    expect(client.connection.getSnapshot().state).toBe("disconnected");
  });
});

describe("requests", () => {
  it("end by their reply, the time limit or the loss", async () => {
    const { server, client } = await connectedStage();
    const health = { healthy: true, latency: 3, mode: "local", timestamp: at };
    server.handlers["database:health:request"] = () => health;
    await expect(client.requestHealth()).resolves.toEqual(health);
    server.handlers["database:reconnect"] = () => ({ code: "ALREADY_CONNECTED", message: "is connected" });
    await expect(client.reconnectDatabase()).rejects.toMatchObject({ code: "ALREADY_CONNECTED" });
    server.handlers["database:reconnect"] = () => "silence";
    const late = expect(client.reconnectDatabase()).rejects.toMatchObject({ code: "TIMED_OUT" });
    await advance(10_000);
    await late;
    const cut = expect(client.reconnectDatabase()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    server.socket.drop(1006);
    await cut;
    await expect(client.requestHealth()).rejects.toBeInstanceOf(RealtimeError);
  });
});

describe("the database's own states", () => {
  it("are kept apart from the socket's", async () => {
    const { server, client } = await connectedStage();
    const error = {
      operation: "connect",
      error: "ECONNREFUSED",
      message: "Cannot connect to database. Please check if PostgreSQL is running.",
      recoverable: true,
      timestamp: at,
    };
    server.socket.say({
      type: "database:status",
      payload: { mode: "local", status: "error", timestamp: at, message: "lost", queued: 3, attempt: 1, nextRetryMs: 2000 },
      seq: 11,
    });
    server.socket.say({ type: "database:error", payload: error, seq: 12 });
    expect(client.isConnected()).toBe(true);
    expect(client.database.getSnapshot()).toMatchObject({ status: "error", queued: 3, attempt: 1, nextRetryMs: 2000, error });
    server.socket.say({ type: "database:status", payload: { mode: "local", status: "connected", timestamp: at }, seq: 13 });
    expect(client.database.getSnapshot()).toMatchObject({ status: "connected", queued: 0, error: null });
    server.socket.drop(1006);
    expect(client.database.getSnapshot()).toMatchObject({ status: "connected", live: false });
  });
});

describe("bad input", () => {
  it("is counted and reported, and does no harm", async () => {
    const { server, client } = await connectedStage();
    const errors = recorder<Error>();
    client.on("error", errors.listener);
    for (const text of ["{", "[]", '{"type":"event","payload":{}}']) server.socket.text(text);
    server.socket.text(new ArrayBuffer(4));
    server.socket.text('{"type":"news:of:tomorrow","payload":{},"extra":1}');
    expect(errors.calls.map((error) => (error as RealtimeError).code)).toEqual(["BAD_FRAME", "BAD_FRAME", "BAD_FRAME"]);
    expect(client.metrics.current().malformedMessages).toBe(3);
    expect(client.isConnected()).toBe(true);
  });

  it("of listeners stays theirs", async () => {
    const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { server, client } = await connectedStage();
    const heard = recorder<unknown>();
    client.on("message", () => {
      throw new Error("mine");
    });
    client.on("message", heard.listener);
    server.socket.say({ type: "system:warning", payload: { code: "MOCK_MODE", message: "mock" } });
    expect(heard.calls.length).toBe(1);
    expect(quiet).toHaveBeenCalledOnce();
  });
});
