import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createClient,
  rowLists,
  type Channel,
  type ClientOptions,
  type GapPayload,
  type OperationPayload,
  type ReadableStore,
  type RealtimeClient,
  type ReconnectContext,
  type Row,
} from "@pgsidecar/client";
import { recorder } from "../support/setup.js";
import { CheckedSocket } from "./checked-socket.js";
import { missing, Postgres, Sidecar } from "./programs.js";

const reason = missing();
if (reason) {
  if (process.env.CI) throw new Error(reason);
  console.log(`SKIPPED: the suite against the real program: ${reason}`);
}

const quick = { baseMs: 50, factor: 1.5, maxMs: 500, jitter: 0, maxAttempts: 0 };
let postgres: Postgres;
let sidecar: Sidecar;
let clients: RealtimeClient[] = [];

function open(options: ClientOptions = {}): RealtimeClient {
  const client = createClient({ url: sidecar.url, WebSocket: CheckedSocket, reconnect: quick, ...options });
  clients.push(client);
  client.connect();
  return client;
}

/** Resolves when the store's value is as wanted; the suite's time limit is the deadline. */
function until<T>(store: ReadableStore<T>, wanted: (value: T) => boolean): Promise<T> {
  return new Promise((resolve) => {
    const look = (): void => {
      const value = store.getSnapshot();
      if (!wanted(value)) return;
      stop();
      resolve(value);
    };
    const stop = store.subscribe(look);
    look();
  });
}
const connected = (client: RealtimeClient) => until(client.connection, ({ state }) => state === "connected");
const subscribed = (channel: Channel): Promise<void> =>
  new Promise((resolve, reject) => {
    channel.subscribe((status, error) => (status === "SUBSCRIBED" ? resolve() : error && reject(error)));
  });

/** Why a test cannot run: the program lists no such feature. */
async function lacking(client: RealtimeClient, feature: string): Promise<string | undefined> {
  const { session } = await connected(client);
  if (session?.features.includes(feature)) return undefined;
  const text = `this sidecar does not list the feature ${feature}`;
  console.log(`SKIPPED: ${text}`);
  return text;
}
const database = (client: RealtimeClient, status: string) => until(client.database, (one) => one.live && one.status === status);

describe.skipIf(reason)("against the real program", () => {
  beforeAll(async () => {
    postgres = await Postgres.start();
    sidecar = await Sidecar.start({ flags: ["--retry-delay-ms", "100"], env: { DATABASE_URL: postgres.url } });
  });
  afterAll(async () => {
    await sidecar?.remove();
    await postgres?.stop();
  });
  beforeEach(() => {
    clients = [];
    for (const list of [CheckedSocket.sent, CheckedSocket.received, CheckedSocket.faults]) list.length = 0;
  });
  afterEach(() => {
    for (const client of clients) client.disconnect();
    expect(CheckedSocket.faults).toEqual([]);
  });

  it("greets in the contract's order and gives its timing and policy", async () => {
    const client = open();
    const { session } = await connected(client);
    expect(CheckedSocket.received.map(({ type }) => type)).toEqual(["database:status", "database:health", "session:ready"]);
    expect(session).toMatchObject({ version: 1, timing: { pongTimeoutMs: 10_000 } });
    expect(client.database.getSnapshot()).toMatchObject({ live: true, status: "connected", mode: "local", health: { healthy: true } });
  });

  it("answers pings, health requests and a needless reconnect", async () => {
    const client = open({ pingInterval: 20 });
    await connected(client);
    await until(client.metrics.store, ({ latency }) => latency !== null);
    expect(client.health.getSnapshot()).toMatchObject({ status: "healthy", color: "green" });
    await expect(client.requestHealth()).resolves.toMatchObject({ healthy: true, mode: "local" });
    await expect(client.reconnectDatabase()).rejects.toMatchObject({ code: "ALREADY_CONNECTED" });
  });

  it("brings the operations that go through it", async () => {
    const client = open();
    await connected(client);
    const seen = new Promise<OperationPayload>((resolve) => {
      client
        .channel("database:operations")
        .on("operation", {}, (operation) => {
          if (operation.type === "query" && !operation.success) resolve(operation);
        })
        .subscribe((status) => {
          if (status === "SUBSCRIBED") void sidecar.psql("select 1 from no_such_table");
        });
    });
    await expect(seen).resolves.toMatchObject({ success: false, error: expect.any(String) as string });
  });

  it("refuses a channel it does not have, and stays open", async () => {
    const client = open();
    await connected(client);
    const refused = new Promise((resolve) => {
      client.channel("no-such-channel").subscribe((status, error) => resolve([status, error?.code]));
    });
    await expect(refused).resolves.toEqual(["CHANNEL_ERROR", "BAD_CHANNEL"]);
    expect(client.isConnected()).toBe(true);
  });

  it("tells of the database's loss and return while the socket stands", async () => {
    const client = open();
    await connected(client);
    await postgres.stop();
    await sidecar.psql("select 1");
    await until(client.database, ({ status }) => status !== "connected");
    expect(client.isConnected()).toBe(true);
    const { error } = await until(client.database, (one) => one.error !== null);
    expect(error).toMatchObject({ recoverable: true });
    await postgres.start();
    const asking = setInterval(() => client.reconnectDatabase().catch(() => undefined), 500);
    await database(client, "connected");
    clearInterval(asking);
    expect(client.metrics.current().disconnectCount).toBe(0);
    expect(client.database.getSnapshot().error).toBeNull();
  });

  it("comes back after a restart of the sidecar, and tells that something may have been missed", async () => {
    const client = open();
    const first = await connected(client);
    const statuses: string[] = [];
    client.channel("database:operations").on("operation", {}, () => undefined).subscribe((status) => statuses.push(status));
    const gap = new Promise<GapPayload>((resolve) => client.on("gap", resolve));
    const back = new Promise<ReconnectContext>((resolve) => client.on("reconnected", resolve));
    await expect.poll(() => statuses).toEqual(["SUBSCRIBED"]);
    await sidecar.stop();
    await until(client.connection, ({ state, attempts }) => state === "reconnecting" && attempts > 0);
    await sidecar.start();
    const second = await connected(client);
    expect(second.session?.epoch).not.toBe(first.session?.epoch);
    await expect(gap).resolves.toMatchObject({ epoch: second.session?.epoch });
    await expect(back).resolves.toMatchObject({ recovered: false });
    expect(statuses).toEqual(["SUBSCRIBED", "CLOSED", "SUBSCRIBED"]);
  });

  it("broadcasts between clients", async ({ skip }) => {
    const [one, two] = [open(), open()];
    await connected(two);
    const without = await lacking(one, "broadcast");
    if (without) return skip(without);
    const heard = recorder<unknown>();
    const room = two.channel("room:live").on("broadcast", { event: "price" }, ({ payload }) => heard.listener(payload));
    await subscribed(room);
    await one.publish("room:live", "price", { symbol: "AAPL" });
    await expect.poll(() => heard.calls).toEqual([{ symbol: "AAPL" }]);
  });

  it("tells who is in a room, also after a cut", async ({ skip }) => {
    const [one, two] = [open(), open()];
    await connected(two);
    const without = await lacking(one, "presence");
    if (without) return skip(without);
    const rooms = [one, two].map((client, index) =>
      client.channel("room:people", { presence: { key: `user-${index}` } }).on("presence", { event: "sync" }, () => undefined),
    );
    for (const [index, room] of rooms.entries()) {
      await subscribed(room);
      await room.track({ index });
    }
    const present = () => rooms.map((room) => Object.keys(room.presenceState()).sort().join());
    await expect.poll(present).toEqual(["user-0,user-1", "user-0,user-1"]);
    one.disconnect();
    await expect.poll(() => present()[1]).toBe("user-1");
    one.connect();
    await expect.poll(present).toEqual(["user-0,user-1", "user-0,user-1"]);
  });

  it("keeps a table's rows up to date", async ({ skip }) => {
    const client = open();
    const without = await lacking(client, "changes");
    if (without) return skip(without);
    await sidecar.psql("create table if not exists items (id int primary key, name text)");
    await sidecar.psql("truncate items");
    const load = async (): Promise<Row[]> =>
      JSON.parse(await sidecar.psql("select coalesce(json_agg(items order by id), '[]') from items")) as Row[];
    const { list, release } = rowLists(client).acquire("items", { table: "items", load });
    const rows = () => list.store.getSnapshot().rows;
    await until(list.store, ({ ready }) => ready);
    await sidecar.psql("insert into items values (1, 'a'), (2, 'b')");
    await expect.poll(rows, { timeout: 10_000 }).toEqual([{ id: 1, name: "a" }, { id: 2, name: "b" }]);
    await sidecar.psql("delete from items where id = 1");
    await expect.poll(rows, { timeout: 10_000 }).toEqual([{ id: 2, name: "b" }]);
    release();
  });

  it("resumes after a cut without a gap", async ({ skip }) => {
    const client = open();
    await connected(client);
    const without = await lacking(client, "resume");
    if (without) return skip(without);
    const gaps = recorder<GapPayload>();
    client.on("gap", gaps.listener);
    await subscribed(client.channel("tasks"));
    const back = new Promise<ReconnectContext>((resolve) => client.on("reconnected", resolve));
    client.reconnect();
    await expect(back).resolves.toEqual({ recovered: true });
    expect(CheckedSocket.sent.some(({ type }) => type === "resume")).toBe(true);
    expect(gaps.calls).toEqual([]);
  });
});

describe.skipIf(reason)("with a token", () => {
  beforeAll(async () => {
    sidecar = await Sidecar.start({ flags: ["--mode", "mock", "--http-token", "sécret"] });
    clients = [];
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await sidecar?.remove();
  });

  it("lets in who has it, by the subprotocol, and tells of mock mode", async () => {
    const warned: string[] = [];
    const client = open({ token: () => Promise.resolve("sécret") });
    client.on("message", (message) => message.type === "system:warning" && warned.push(message.payload.code));
    await connected(client);
    expect(warned).toContain("MOCK_MODE");
    expect(client.database.getSnapshot().mode).toBe("mock");
  });

  it("keeps out who has not", async () => {
    const client = open({ token: "wrong", reconnect: { ...quick, maxAttempts: 2 } });
    const { reason: why } = await until(client.connection, ({ state }) => state === "error");
    expect(why).toBe("exhausted");
    expect(client.metrics.current().totalMessages).toBe(0);
  });
});
