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
  const { type, payload } = value;
  if (value.seq !== undefined && typeof value.seq !== "number") return undefined;
  if (type === "session:ready" && !(isObject(payload.timing) && typeof payload.epoch === "string")) return undefined;
  if (type === "event" && !isObject(payload.element)) return undefined;
  if (type === "change" && !Array.isArray(payload.sub)) return undefined;
  if (type === "presence:state" && !isObject(payload.state)) return undefined;
  if (type === "presence:diff" && !(isObject(payload.joins) && isObject(payload.leaves))) return undefined;
  return value as unknown as ServerMessage;
}
