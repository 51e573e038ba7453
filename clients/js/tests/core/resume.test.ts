import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventMessage, GapPayload, ReconnectContext } from "@pgsidecar/client";
import { at, epoch, session } from "../support/fake-socket.js";
import { advance, connectedStage, recorder, type Stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const event = (seq: number, replay = false): EventMessage => ({
  type: "event",
  channel: "tasks",
  seq,
  payload: { action: "created", element: { type: "task", id: `t${seq}` } },
  ...(replay ? { replay } : {}),
});

interface Watched extends Stage {
  seen: number[];
  gaps: GapPayload[];
  reconnections: ReconnectContext[];
}

async function watched(): Promise<Watched> {
  const made = await connectedStage();
  const seen: number[] = [];
  const gaps = recorder<GapPayload>();
  const reconnections = recorder<ReconnectContext>();
  made.client.channel("tasks").on("event", {}, ({ element }) => void seen.push(Number(element.id.slice(1)))).subscribe();
  made.client.on("gap", gaps.listener);
  made.client.on("reconnected", reconnections.listener);
  await advance();
  return { ...made, seen, gaps: gaps.calls, reconnections: reconnections.calls };
}

async function comeBack({ server }: Stage): Promise<void> {
  server.socket.drop(1006);
  await advance(2000);
}

describe("resume", () => {
  it("asks from the last message on after subscribing again", async () => {
    const stage = await watched();
    stage.server.socket.say(event(11));
    stage.server.socket.say(event(14));
    stage.server.handlers.resume = () => {
      stage.server.socket.say(event(15, true));
      return { recovered: true, replayed: 1, head: 20 };
    };
    await comeBack(stage);
    expect(stage.server.socket.sent.map(({ type }) => type)).toEqual(["subscribe", "resume"]);
    expect(stage.server.socket.sentOf("resume")).toMatchObject([{ payload: { epoch, seq: 14 } }]);
    expect(stage.seen).toEqual([11, 14, 15]);
    expect(stage.gaps).toEqual([]);
    expect(stage.reconnections).toEqual([{ recovered: true }]);

    stage.server.handlers.resume = () => ({ recovered: true, replayed: 0, head: 20 });
    await comeBack(stage);
    expect(stage.server.socket.sentOf("resume")).toMatchObject([{ payload: { seq: 20 } }]);
  });

  it("hands nothing on twice, and does not let a live message shadow a replayed one", async () => {
    const stage = await watched();
    stage.server.socket.say(event(11));
    stage.server.handlers.subscribe = () => {
      stage.server.socket.say(event(30));
      return {};
    };
    stage.server.handlers.resume = () => {
      for (const seq of [12, 13, 30]) stage.server.socket.say(event(seq, true));
      return { recovered: true, replayed: 3, head: 30 };
    };
    await comeBack(stage);
    stage.server.socket.say(event(30));
    stage.server.socket.say(event(31));
    expect(stage.seen).toEqual([11, 30, 12, 13, 31]);
  });

  it("does not skip events that a status overtook", async () => {
    const stage = await watched();
    stage.server.socket.say(event(11));
    const error = { operation: "query", error: "TIMEOUT", message: "m", recoverable: true, timestamp: at };
    stage.server.socket.say({ type: "database:error", payload: error, seq: 15 });
    const errors = recorder<unknown>();
    stage.client.on("message", (message) => message.type === "database:error" && errors.listener(message));
    stage.server.handlers.resume = () => {
      stage.server.socket.say(event(12, true));
      stage.server.socket.say({ type: "database:error", payload: error, seq: 15, replay: true });
      return { recovered: true, head: 16 };
    };
    await comeBack(stage);
    expect(stage.server.socket.sentOf("resume")).toMatchObject([{ payload: { seq: 11 } }]);
    expect(stage.seen).toEqual([11, 12]);
    expect(errors.calls).toEqual([]);
  });
});

describe("the database's state after a reconnection", () => {
  const status = (word: "connected" | "disconnected", seq: number, replay = false) =>
    ({
      type: "database:status",
      payload: { mode: "local", status: word, timestamp: at },
      seq,
      ...(replay ? { replay } : {}),
    }) as const;

  it("is the greeting's, also when the same message was heard before", async () => {
    const stage = await watched();
    stage.server.socket.say(status("disconnected", 15));
    stage.server.automatic = false;
    await comeBack(stage);
    stage.server.socket.say(status("disconnected", 15));
    expect(stage.client.database.getSnapshot()).toMatchObject({ live: true, status: "disconnected" });
  });

  it("is not what is replayed from before it", async () => {
    const stage = await watched();
    stage.server.session = { ...session, head: 17 };
    stage.server.handlers.resume = () => {
      stage.server.socket.say(status("disconnected", 16, true));
      stage.server.socket.say(status("connected", 17, true));
      return { recovered: true, head: 17 };
    };
    await comeBack(stage);
    expect(stage.client.database.getSnapshot().status).toBe("connected");
  });
});

describe("a gap", () => {
  it("does not swallow the first events of another process", async () => {
    const stage = await watched();
    stage.server.socket.say(event(5000));
    stage.server.session = { ...session, epoch: "00000000000000aa", head: 2 };
    stage.server.handlers.resume = () => {
      stage.server.socket.say(event(3));
      return { recovered: false, head: 3 };
    };
    await comeBack(stage);
    stage.server.socket.say(event(4));
    expect(stage.seen).toEqual([5000, 3, 4]);
  });

  it("is told when the sidecar is another process", async () => {
    const stage = await watched();
    stage.server.socket.say(event(11));
    const fresh = "00000000000000aa";
    stage.server.session = { ...session, epoch: fresh, head: 2 };
    stage.server.handlers.resume = () => {
      stage.server.socket.say({ type: "stream:gap", payload: { reason: "epoch-changed", epoch: fresh, from: 0, to: 2 } });
      return { recovered: false, head: 2 };
    };
    await comeBack(stage);
    expect(stage.gaps).toEqual([{ reason: "epoch-changed", epoch: fresh, from: 0, to: 2 }]);
    expect(stage.reconnections).toEqual([{ recovered: false }]);
    stage.server.socket.say(event(3));
    await comeBack(stage);
    expect(stage.server.socket.sentOf("resume")).toMatchObject([{ payload: { epoch: fresh, seq: 3 } }]);
  });

  it("is told when the server cannot replay at all", async () => {
    const stage = await watched();
    stage.server.session = { ...session, features: ["operations"], head: 40 };
    await comeBack(stage);
    expect(stage.server.socket.sentOf("resume")).toEqual([]);
    expect(stage.gaps).toEqual([{ reason: "unsupported", epoch, from: 10, to: 40 }]);
    expect(stage.reconnections).toEqual([{ recovered: false }]);
  });

  it("is told when resume is refused", async () => {
    const stage = await watched();
    stage.server.handlers.resume = () => ({ code: "UNKNOWN_TYPE" });
    await comeBack(stage);
    expect(stage.gaps).toMatchObject([{ reason: "unsupported" }]);
  });

  it("in a standing connection runs the sync tasks", async () => {
    const stage = await watched();
    const contexts = recorder<ReconnectContext>();
    stage.client.addSync(contexts.listener);
    const gap: GapPayload = { reason: "slow-consumer", epoch, from: 11, to: 50, channels: ["tasks"] };
    stage.server.socket.say({ type: "stream:gap", payload: gap as GapPayload & { reason: "slow-consumer" } });
    await advance();
    expect(contexts.calls).toEqual([{ recovered: false, gap }]);
    await comeBack(stage);
    expect(stage.server.socket.sentOf("resume")).toMatchObject([{ payload: { seq: 50 } }]);
  });
});

describe("after a reconnection", () => {
  it("the order is: connected, sync, then what waits", async () => {
    const { server, client } = await connectedStage();
    const order: string[] = [];
    client.addSync(async () => {
      order.push(`sync begins ${client.connection.getSnapshot().state}`);
      await Promise.resolve();
      order.push("sync ends");
    });
    client.addAfterSync(async () => void order.push("queue"));
    await comeBack({ server, client });
    expect(order).toEqual(["sync begins connected", "sync ends", "queue"]);
  });

  it("a task that fails or hangs does not hold the rest for ever", async () => {
    const { server, client } = await connectedStage({ syncTimeout: 500, pingInterval: 1_000_000 });
    const errors = recorder<Error>();
    client.on("error", errors.listener);
    client.addSync(() => Promise.reject(new Error("no table")));
    client.addSync(() => new Promise(() => undefined));
    const after = vi.fn(() => Promise.resolve());
    client.addAfterSync(after);
    server.socket.drop(1006);
    await advance(1300);
    expect(after).not.toHaveBeenCalled();
    await advance(600);
    expect(after).toHaveBeenCalledOnce();
    expect(errors.calls.some((error) => /no table/.test(error.message))).toBe(true);
  });

  it("does not resume without subscriptions", async () => {
    const { server, client } = await connectedStage();
    const contexts = recorder<ReconnectContext>();
    client.on("reconnected", contexts.listener);
    await comeBack({ server, client });
    expect(server.socket.sent).toEqual([]);
    expect(contexts.calls).toEqual([{ recovered: true }]);
  });

  it("a subscription that came later than the resume is continued by since", async () => {
    const stage = await watched();
    stage.server.socket.say(event(11));
    stage.server.handlers.subscribe = () => ({ code: "RATE_LIMITED", retryAfterMs: 50 });
    await comeBack(stage);
    stage.server.handlers.subscribe = () => ({});
    await advance(100);
    expect(stage.server.socket.sentOf("subscribe").at(-1)?.payload).toMatchObject({ since: { epoch, seq: 11 } });
  });
});
