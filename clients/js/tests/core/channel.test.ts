import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Broadcast, ChangeMessage, EventPayload, PresenceEvent, RowChange } from "@pgsidecar/client";
import { at } from "../support/fake-socket.js";
import { advance, connectedStage, recorder, stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function change(seq: number, sub: number[], eventType: "INSERT" | "UPDATE" | "DELETE", table = "positions"): ChangeMessage {
  return {
    type: "change",
    channel: `db:public.${table}`,
    seq,
    payload: { sub, eventType, schema: "public", table, commitTimestamp: at, new: { id: seq }, old: { id: seq } },
  };
}

describe("subscribing", () => {
  it("waits for the session, and tells SUBSCRIBED once all parts are live", async () => {
    const { server, client } = stage();
    const statuses: string[] = [];
    client
      .channel("dashboard")
      .on("postgres_changes", { event: "*", table: "positions" }, () => undefined)
      .on("postgres_changes", { event: "INSERT", schema: "app", table: "trades", filter: "a=eq.1" }, () => undefined)
      .on("broadcast", { event: "alert" }, () => undefined)
      .subscribe((status) => statuses.push(status));
    await advance(1000);
    expect(server.sockets.length).toBe(0);
    client.connect();
    await advance();
    expect(server.socket.sentOf("subscribe").map(({ channel, payload }) => [channel, payload?.changes])).toEqual([
      ["db:public.positions", [{ event: "*", table: "positions" }]],
      ["db:app.trades", [{ event: "INSERT", schema: "app", table: "trades", filter: "a=eq.1" }]],
      ["room:dashboard", undefined],
    ]);
    expect(statuses).toEqual(["SUBSCRIBED"]);
  });

  it("says why a part was refused, and asks again only for what may pass", async () => {
    const { server, client } = await connectedStage();
    server.handlers.subscribe = (message) =>
      "channel" in message && message.channel === "secret" ? { code: "FORBIDDEN" } : { code: "RATE_LIMITED", retryAfterMs: 700 };
    const heard = recorder<string>();
    client.channel("secret").subscribe((status, error) => heard.listener(`${status} ${error?.code}`));
    client.channel("tasks").subscribe((status, error) => heard.listener(`${status} ${error?.code}`));
    await advance();
    expect(heard.calls).toEqual(["CHANNEL_ERROR FORBIDDEN", "CHANNEL_ERROR RATE_LIMITED"]);
    server.handlers.subscribe = () => ({});
    await advance(700);
    expect(heard.calls.at(-1)).toBe("SUBSCRIBED undefined");
    await advance(600_000);
    expect(server.sockets[0]?.sentOf("subscribe").filter(({ channel }) => channel === "secret").length).toBe(1);
  });

  it("tells a newcomer too that it is refused", async () => {
    const { server, client } = await connectedStage();
    server.handlers.subscribe = () => ({ code: "FORBIDDEN" });
    client.channel("secret").subscribe();
    await advance();
    const heard = recorder<string>();
    client.channel("secret").subscribe(heard.listener);
    await advance();
    expect(heard.calls).toEqual(["CHANNEL_ERROR"]);
  });

  it("shares one subscription of the wire and ends it with the last listener", async () => {
    const { server, client } = await connectedStage();
    const one = client.channel("tasks").on("event", {}, () => undefined).subscribe();
    const two = client.channel("tasks").on("event", {}, () => undefined).subscribe();
    await advance();
    expect(server.socket.sentOf("subscribe").length).toBe(1);
    one.unsubscribe();
    await advance();
    expect(server.socket.sentOf("unsubscribe")).toEqual([]);
    client.removeChannel(two);
    await advance();
    expect(server.socket.sentOf("unsubscribe")).toMatchObject([{ channel: "tasks" }]);
  });

  it("sends nothing for a subscription that ended in the same turn", async () => {
    const { server, client } = await connectedStage();
    client.channel("tasks").subscribe().unsubscribe();
    await advance();
    expect(server.socket.sent).toEqual([]);
  });

  it("subscribes again after a loss and tells both", async () => {
    const { server, client } = await connectedStage();
    const heard = recorder<string>();
    client.channel("tasks").subscribe(heard.listener);
    await advance();
    server.socket.drop(1006);
    await advance(2000);
    expect(server.sockets.length).toBe(2);
    expect(server.socket.sentOf("subscribe").length).toBe(1);
    expect(heard.calls).toEqual(["SUBSCRIBED", "CLOSED", "SUBSCRIBED"]);
  });

  it("knows its kinds", () => {
    const { client } = stage();
    expect(() => client.channel("a").on("news" as "event", {}, () => undefined)).toThrow(/postgres_changes/);
  });
});

describe("row changes", () => {
  it("go to the listeners of their numbers", async () => {
    const { server, client } = await connectedStage();
    const all = recorder<RowChange>();
    const inserts = recorder<RowChange>();
    client
      .channel("c")
      .on("postgres_changes", { table: "positions", filter: "user_id=eq.1" }, all.listener)
      .on("postgres_changes", { event: "INSERT", table: "positions" }, inserts.listener)
      .subscribe();
    await advance();
    expect(server.socket.sentOf("subscribe")[0]?.payload).toMatchObject({ wait: true });
    server.socket.say(change(11, [1], "UPDATE"));
    server.socket.say(change(12, [1, 2], "INSERT"));
    server.socket.say(change(13, [2], "INSERT"));
    server.socket.say(change(14, [9], "DELETE", "others"));
    expect(all.calls.map(({ new: row }) => row.id)).toEqual([11, 12]);
    expect(inserts.calls.map(({ eventType, old }) => [eventType, old.id])).toEqual([
      ["INSERT", 12],
      ["INSERT", 13],
    ]);
  });

  it("always have new and old", async () => {
    const { server, client } = await connectedStage();
    const heard = recorder<RowChange>();
    client.channel("c").on("postgres_changes", { table: "t" }, heard.listener).subscribe();
    await advance();
    const message = change(11, [1], "DELETE", "t");
    delete message.payload.new;
    server.socket.say(message);
    expect(heard.calls[0]).toMatchObject({ eventType: "DELETE", new: {}, old: { id: 11 } });
  });

  it("stop for a listener that was taken away", async () => {
    const { server, client } = await connectedStage();
    const heard = recorder<RowChange>();
    const channel = client.channel("c").on("postgres_changes", { table: "t" }, heard.listener).subscribe();
    await advance();
    channel.off(heard.listener);
    server.socket.say(change(11, [1], "INSERT", "t"));
    await advance();
    expect(heard.calls).toEqual([]);
    expect(server.socket.sentOf("unsubscribe")).toMatchObject([{ channel: "db:public.t" }]);
  });
});

describe("element events", () => {
  it("of dynamic channels reach the plain name and the star", async () => {
    const { server, client } = await connectedStage();
    const counts = { messages: 0, star: 0, tasks: 0, seven: 0, other: 0 };
    client.channel("messages").on("event", {}, () => void counts.messages++).subscribe();
    client.channel("*").on("event", { action: "created" }, () => void counts.star++).subscribe();
    client.channel("tasks").on("event", {}, () => void counts.tasks++).subscribe();
    client.channel("messages:7").on("event", { type: "message" }, () => void counts.seven++).subscribe();
    client.channel("messages:70").on("event", {}, () => void counts.other++).subscribe();
    await advance();
    const payload: EventPayload = { action: "created", element: { type: "message", id: "m" } };
    server.socket.say({ type: "event", channel: "messages:7", seq: 11, payload });
    expect(counts).toEqual({ messages: 1, star: 1, tasks: 0, seven: 1, other: 0 });
    server.socket.say({ type: "event", channel: "messages", seq: 12, payload: { ...payload, action: "deleted" } });
    expect(counts).toEqual({ messages: 2, star: 1, tasks: 0, seven: 1, other: 0 });
  });
});

describe("broadcast", () => {
  it("is sent to the room and heard by name", async () => {
    const { server, client } = await connectedStage();
    const heard = recorder<Broadcast>();
    const room = client.channel("room:trading-floor", { broadcast: { self: true } });
    room.on("broadcast", { event: "price-update" }, heard.listener).subscribe();
    await advance();
    expect(server.socket.sentOf("subscribe")[0]).toMatchObject({ payload: { broadcast: { self: true } } });
    await room.send({ type: "broadcast", event: "price-update", payload: { symbol: "AAPL" } });
    expect(server.socket.sentOf("publish")).toMatchObject([
      { channel: "room:trading-floor", payload: { event: "price-update", data: { symbol: "AAPL" } } },
    ]);
    const data = { symbol: "AAPL", price: 150.25 };
    server.socket.say({ type: "broadcast", channel: "room:trading-floor", payload: { event: "price-update", data, from: "u" } });
    server.socket.say({ type: "broadcast", channel: "room:trading-floor", payload: { event: "other" } });
    expect(heard.calls).toEqual([{ event: "price-update", payload: data, from: "u", messageId: undefined }]);
  });
});

describe("presence", () => {
  it("knows who is here, who comes and who goes", async () => {
    const { server, client } = await connectedStage();
    const events: PresenceEvent[] = [];
    let syncs = 0;
    const room = client
      .channel("room:r", { presence: { key: "me" } })
      .on("presence", { event: "sync" }, () => void syncs++)
      .on("presence", { event: "join" }, (event) => void events.push(event))
      .on("presence", { event: "leave" }, (event) => void events.push(event))
      .subscribe();
    await advance();
    expect(server.socket.sentOf("subscribe")[0]).toMatchObject({ payload: { presence: { enabled: true, key: "me" } } });
    await room.track({ user_id: "u1" });
    expect(server.socket.sentOf("presence:track")).toMatchObject([{ channel: "room:r", payload: { meta: { user_id: "u1" } } }]);

    server.socket.say({ type: "presence:state", channel: "room:r", payload: { state: { u1: [{ ref: "a" }] } } });
    server.socket.say({
      type: "presence:diff",
      channel: "room:r",
      payload: { joins: { u1: [{ ref: "b", prevRef: "a" }], u2: [{ ref: "c" }] }, leaves: {} },
    });
    expect(room.presenceState()).toEqual({ u1: [{ ref: "b", prevRef: "a" }], u2: [{ ref: "c" }] });
    server.socket.say({ type: "presence:diff", channel: "room:r", payload: { joins: {}, leaves: { u2: [{ ref: "c" }] } } });
    expect(Object.keys(room.presenceState())).toEqual(["u1"]);
    expect(syncs).toBe(3);
    expect(events.map((event) => (event.event === "sync" ? "" : `${event.event} ${event.key}`))).toEqual([
      "join u1",
      "join u1",
      "join u2",
      "leave u2",
    ]);
  });

  it("is told again after a reconnection", async () => {
    const { server, client } = await connectedStage();
    const room = client.channel("room:r").on("presence", { event: "sync" }, () => undefined).subscribe();
    await advance();
    await room.track({ name: "me" });
    server.socket.drop(1006);
    await advance(2000);
    expect(server.sockets.length).toBe(2);
    expect(server.socket.sentOf("presence:track").length).toBe(1);
    await room.untrack();
    expect(server.socket.sentOf("presence:untrack").length).toBe(1);
  });

  it("needs a subscription", async () => {
    const { client } = await connectedStage();
    await expect(client.channel("room:r").track({})).rejects.toMatchObject({ code: "NOT_SUBSCRIBED" });
  });
});

it("operations come from their own channel", async () => {
  const { server, client } = await connectedStage();
  const heard = recorder<{ id: string }>();
  client.channel("database:operations").on("operation", {}, heard.listener).subscribe();
  await advance();
  server.socket.say({
    type: "operation",
    channel: "database:operations",
    payload: { id: "op-7", connectionId: "c-1", type: "insert", startTime: at, success: true },
  });
  expect(heard.calls).toMatchObject([{ id: "op-7" }]);
});
