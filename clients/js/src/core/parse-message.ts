import type { ServerMessage } from "./server-messages.js";

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A frame's message, undefined when it is none. The members that this package computes with are looked at; the rest is
 * the server's word, which the JSON Schema describes.
 */
export function parseMessage(text: string): ServerMessage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || typeof value.type !== "string" || !isObject(value.payload)) return undefined;
  const { type, seq, payload } = value;
  const numbered = seq === undefined || typeof seq === "number";
  return numbered && isComplete(type, payload) ? (value as unknown as ServerMessage) : undefined;
}

function isComplete(type: string, payload: Record<string, unknown>): boolean {
  switch (type) {
    case "session:ready":
      return isObject(payload.timing) && typeof payload.epoch === "string";
    case "event":
      return isObject(payload.element);
    case "change":
      return Array.isArray(payload.sub);
    case "pong":
      return typeof payload.t === "number";
    case "presence:state":
      return isObject(payload.state);
    case "presence:diff":
      return isObject(payload.joins) && isObject(payload.leaves);
    default:
      return true;
  }
}
