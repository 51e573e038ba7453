// /ws with the client that most Node programs use (npm ws).
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Harness, until } from "../browser/harness.mjs";

let WebSocket;
try {
  WebSocket = createRequire(new URL("../browser/package.json", import.meta.url))("ws");
} catch {
  const reason = "npm package ws is missing: run `npm ci` in tests/browser";
  if (process.env.CI) throw new Error(reason);
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
}

let harness;
before(async () => {
  harness = await Harness.start();
  await harness.say("status connected");
  await harness.say("health good 1.8");
});
after(() => harness.end());

/** A client that keeps what it hears. */
async function open(protocols = ["pgsidecar.v1"], options = {}, target = harness) {
  const socket = new WebSocket(target.socketUrl, protocols, options);
  socket.messages = [];
  socket.on("message", (data, binary) => {
    assert.ok(!binary);
    socket.messages.push(JSON.parse(data));
  });
  await once(socket, "open");
  return socket;
}

const heard = (socket, type) =>
  until(type, () => socket.messages.some((message) => message.type === type));

test("greets in order and echoes the version", async () => {
  const socket = await open();
  assert.equal(socket.protocol, "pgsidecar.v1");
  await heard(socket, "session:ready");
  assert.deepEqual(
    socket.messages.map((message) => message.type),
    ["database:status", "database:health", "session:ready"],
  );
  socket.close(1000);
  const [code] = await once(socket, "close");
  assert.equal(code, 1000);
});

test("a client written from the seeds alone works: no subprotocol, no id", async () => {
  const socket = await open([]);
  await heard(socket, "database:health");
  socket.messages.length = 0;
  socket.send(JSON.stringify({ type: "database:health:request" }));
  await heard(socket, "database:health");
  socket.terminate();
});

test("does not compress, though the client offers to", async () => {
  const socket = await open(["pgsidecar.v1"], { perMessageDeflate: true });
  assert.equal(socket.extensions, "");
  socket.terminate();
});

test("a message in many fragments is one message", async () => {
  const socket = await open();
  await heard(socket, "session:ready");
  const message = JSON.stringify({
    type: "ping",
    id: "f",
    payload: { t: 7 },
    pad: "ü".repeat(2000),
  });
  for (let i = 0; i < message.length; i += 97)
    socket.send(message.slice(i, i + 97), { fin: i + 97 >= message.length });
  await heard(socket, "pong");
  socket.terminate();
});

test("one message too big: bye, then 1009", async () => {
  const socket = await open();
  await heard(socket, "session:ready");
  socket.send("x".repeat(70_000));
  const [code] = await once(socket, "close");
  assert.equal(code, 1009);
  assert.equal(socket.messages.at(-1).type, "bye");
});

test("token as a subprotocol, as the page sends it", async () => {
  const closed = await Harness.start("http.token=sésame/+?", "feed.auth_grace_ms=0");
  const socket = await open(["pgsidecar.v1", `bearer.${Buffer.from("sésame/+?").toString("base64url")}`], {}, closed);
  assert.equal(socket.protocol, "pgsidecar.v1");
  await heard(socket, "session:ready");
  const refused = new WebSocket(closed.socketUrl, ["pgsidecar.v1"]);
  const [fault] = await once(refused, "error");
  assert.match(fault.message, /401/);
  socket.terminate();
  assert.equal(await closed.end(), 0);
});

test("a hundred clients hear the same change; shutdown says bye to each", async () => {
  const crowded = await Harness.start();
  const clients = await Promise.all(Array.from({ length: 100 }, () => open([], {}, crowded)));
  await Promise.all(clients.map((client) => heard(client, "session:ready")));
  await crowded.say("status connected");
  await Promise.all(
    clients.map((client) =>
      until("connected", () =>
        client.messages.some((message) => message.payload.status === "connected"),
      ),
    ),
  );
  const closes = clients.map((client) => once(client, "close"));
  await crowded.say("stop");
  for (const [code] of await Promise.all(closes)) assert.equal(code, 1001);
  assert.ok(clients.every((client) => client.messages.at(-1).payload.code === 1001));
  assert.equal(await crowded.end(), 0);
});
