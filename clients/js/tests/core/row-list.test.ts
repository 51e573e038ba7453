import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { channelManager, rowLists, type ChangePayload, type Row, type RowList } from "@pgsidecar/client";
import { at, epoch } from "../support/fake-socket.js";
import { advance, connectedStage, type Stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Position extends Row {
  id: number;
  status: string;
}

let seq = 10;
function say({ server }: Stage, eventType: ChangePayload["eventType"], row: Row | undefined, old?: Row): void {
  server.socket.say({
    type: "change",
    channel: "db:public.positions",
    seq: ++seq,
    payload: {
      sub: [1],
      eventType,
      schema: "public",
      table: "positions",
      commitTimestamp: at,
      ...(row ? { new: row } : {}),
      ...(old ? { old } : {}),
    },
  });
}
const rows = (list: RowList<Position>): string[] => list.store.getSnapshot().rows.map(({ id, status }) => `${id} ${status}`);

it("subscribes, loads, then applies what came meanwhile", async () => {
  const stage = await connectedStage();
  let answer: (rows: Position[]) => void = () => undefined;
  const load = (): Promise<Position[]> => new Promise((resolve) => (answer = resolve));
  const { list, release } = rowLists(stage.client).acquire<Position>("positions", { table: "positions", filter: "user_id=eq.1", load });
  await advance();
  expect(stage.server.socket.sentOf("subscribe")[0]?.payload?.changes).toEqual([
    { event: "*", table: "positions", filter: "user_id=eq.1" },
  ]);
  say(stage, "UPDATE", { id: 1, status: "closed" }, { id: 1 });
  say(stage, "INSERT", { id: 3, status: "open" });
  expect(list.store.getSnapshot()).toMatchObject({ ready: false, rows: [] });
  answer([{ id: 1, status: "open" }, { id: 2, status: "open" }]);
  await advance();
  expect(rows(list)).toEqual(["1 closed", "2 open", "3 open"]);
  release();
  await advance();
  expect(stage.server.socket.sentOf("unsubscribe").length).toBe(1);
  expect(channelManager(stage.client).store.getSnapshot()).toEqual([]);
});

it("applies inserts, updates, deletes, changed keys and truncate, several at once", async () => {
  const stage = await connectedStage();
  const { list } = rowLists(stage.client).acquire<Position>("positions", { table: "positions" });
  await advance();
  let news = 0;
  list.store.subscribe(() => void news++);
  say(stage, "INSERT", { id: 1, status: "open", note: "kept" });
  say(stage, "INSERT", { id: 2, status: "open" });
  say(stage, "UPDATE", { id: 1, status: "closed" });
  await advance(20);
  expect(news).toBe(1);
  expect(list.store.getSnapshot().rows[0]).toEqual({ id: 1, status: "closed", note: "kept" });
  say(stage, "UPDATE", { id: 7, status: "moved" }, { id: 2 });
  say(stage, "DELETE", undefined, { id: 1 });
  await advance(20);
  expect(rows(list)).toEqual(["7 moved"]);
  say(stage, "TRUNCATE", undefined);
  await advance(20);
  expect(rows(list)).toEqual([]);
});

it("is shared by channel, table and filter", async () => {
  const stage = await connectedStage();
  const lists = rowLists(stage.client);
  const load = vi.fn(() => Promise.resolve([{ id: 1, status: "open" }]));
  const one = lists.acquire<Position>("c", { table: "positions", load });
  const two = lists.acquire<Position>("c", { table: "positions", load });
  const other = lists.acquire<Position>("c", { table: "positions", filter: "id=eq.1", load });
  await advance();
  expect(two.list).toBe(one.list);
  expect(other.list).not.toBe(one.list);
  expect(load).toHaveBeenCalledTimes(2);
  one.release();
  one.release();
  say(stage, "INSERT", { id: 2, status: "open" });
  await advance(20);
  expect(rows(two.list)).toEqual(["1 open", "2 open"]);
});

it("loads anew after a gap of its table and after a reconnection that missed something", async () => {
  const stage = await connectedStage();
  let status = "old";
  const load = vi.fn(() => Promise.resolve([{ id: 1, status }]));
  const { list } = rowLists(stage.client).acquire<Position>("c", { table: "positions", load });
  await advance();
  stage.server.socket.say({ type: "stream:gap", payload: { reason: "slow-consumer", epoch, from: 1, to: 20, channels: ["tasks"] } });
  await advance();
  expect(load).toHaveBeenCalledTimes(1);
  status = "new";
  stage.server.socket.say({ type: "stream:gap", payload: { reason: "slow-consumer", epoch, from: 20, to: 30 } });
  await advance();
  expect(rows(list)).toEqual(["1 new"]);
  stage.server.handlers.resume = () => ({ recovered: false, head: 30 });
  stage.server.socket.drop(1006);
  await advance(2000);
  expect(load).toHaveBeenCalledTimes(3);
});

it("loads anew when changes come without their rows, once for many", async () => {
  const stage = await connectedStage();
  const load = vi.fn(() => Promise.resolve([{ id: load.mock.calls.length, status: "open" }]));
  const { list } = rowLists(stage.client).acquire<Position>("c", { table: "positions", load });
  const bare = rowLists(stage.client).acquire<Position>("bare", { table: "positions" });
  await advance();
  for (let n = 0; n < 5; n++) say(stage, "INSERT", undefined);
  say(stage, "DELETE", undefined);
  await advance(20);
  expect(load).toHaveBeenCalledTimes(2);
  expect(rows(list)).toEqual(["2 open"]);
  expect(rows(bare.list)).toEqual([]);
});

it("tries a load that failed again", async () => {
  const stage = await connectedStage();
  const answers = [Promise.reject(new Error("HTTP 503")), Promise.resolve([{ id: 1, status: "open" }])];
  const load = vi.fn(() => answers.shift() ?? Promise.resolve([]));
  const { list } = rowLists(stage.client).acquire<Position>("c", { table: "positions", load });
  await advance(4999);
  expect(list.store.getSnapshot()).toMatchObject({ ready: false, error: { message: "HTTP 503" } });
  await advance(1);
  expect(rows(list)).toEqual(["1 open"]);
  expect(list.store.getSnapshot().error).toBeNull();
});

it("gives a living list to who comes after an eviction", async () => {
  const stage = await connectedStage();
  channelManager(stage.client, { maxChannels: 1 });
  const old = rowLists(stage.client).acquire<Position>("a", { table: "positions" });
  await advance();
  channelManager(stage.client).getOrCreateChannel("b");
  const fresh = rowLists(stage.client).acquire<Position>("a", { table: "positions" });
  await advance();
  expect(fresh.list).not.toBe(old.list);
  old.release();
  say(stage, "INSERT", { id: 1, status: "open" });
  await advance(20);
  expect(rows(fresh.list)).toEqual(["1 open"]);
});

it("tells why it has no rows", async () => {
  const stage = await connectedStage();
  const failing = rowLists(stage.client).acquire("a", { table: "x", load: () => Promise.reject(new Error("HTTP 500")) });
  stage.server.handlers.subscribe = (message) =>
    "channel" in message && message.channel === "db:public.y" ? { code: "TABLE_NOT_PUBLISHED" } : {};
  const refused = rowLists(stage.client).acquire("b", { table: "y" });
  await advance();
  expect(failing.list.store.getSnapshot()).toMatchObject({ ready: false, error: { message: "HTTP 500" } });
  expect(refused.list.store.getSnapshot()).toMatchObject({ ready: false, error: { code: "TABLE_NOT_PUBLISHED" } });
});
