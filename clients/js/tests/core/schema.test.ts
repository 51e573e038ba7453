import { expect, it } from "vitest";
import { parseMessage } from "../../src/core/parse-message.js";
import { checkClientMessage, checkServerMessage } from "../support/schema.js";

it("refuses frames that are not of the contract, so that the other tests can fail", () => {
  expect(() => checkServerMessage({ type: "database:status", payload: { mode: "local" } })).toThrow();
  expect(() => checkServerMessage({ type: "reply", payload: { ok: true } })).toThrow();
  expect(() => checkClientMessage({ type: "subscribe", id: "1" })).toThrow();
  expect(() => checkClientMessage({ type: "ping", payload: { t: 1.5 } })).not.toThrow();
});

it.each([
  "",
  "{",
  "null",
  "[]",
  '"text"',
  "{}",
  '{"type":1,"payload":{}}',
  '{"type":"event"}',
  '{"type":"event","payload":{}}',
  '{"type":"event","payload":[]}',
  '{"type":"change","payload":{"sub":1}}',
  '{"type":"session:ready","payload":{}}',
  '{"type":"pong","payload":{}}',
  '{"type":"presence:diff","payload":{"joins":{}}}',
  '{"type":"pong","payload":{},"seq":"1"}',
])("takes %s for no message", (text) => {
  expect(parseMessage(text)).toBeUndefined();
});
