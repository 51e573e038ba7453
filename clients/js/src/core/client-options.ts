import type { Logger } from "./logger.js";
import type { ReconnectPolicy } from "./server-messages.js";
import type { SocketConstructor } from "./socket.js";
import type { TokenSource } from "./token.js";

/** All optional; times in ms. */
export interface ClientOptions {
  /** Address of the sidecar or of its `/ws`; http and https are taken for ws and wss. Default: the page's own origin. */
  url?: string | URL;
  token?: TokenSource;
  /** Default `subprotocol`; `message` sends it as the first message. Never in the URL. */
  tokenIn?: "subprotocol" | "message";
  /** Default: the global one; give npm's `ws` to Node below 22. */
  WebSocket?: SocketConstructor;
  /** One of reconnectPresets, or what differs from the default one. Without it what the server advertises holds. */
  reconnect?: Partial<ReconnectPolicy>;
  /** These three default to what the server advertises: 30 s, 10 s and 60 s. */
  pingInterval?: number;
  pongTimeout?: number;
  staleAfter?: number;
  /** From the start of an attempt to `session:ready`. Default 10 s. */
  connectTimeout?: number;
  requestTimeout?: number;
  /** How long tasks after a reconnection may hold back the offline queue. Default 30 s. */
  syncTimeout?: number;
  logger?: Logger;
}

/** `http://host:6480` is `ws://host:6480/ws`; undefined and nothing to go by is the empty address. */
export function socketUrl(url: string | URL | undefined): string {
  const page = typeof location === "undefined" ? undefined : location.href;
  if (url === undefined && page === undefined) return "";
  try {
    const address = new URL(url ?? "/ws", page);
    if (address.pathname === "/") address.pathname = "/ws";
    return address.href.replace(/^http/, "ws");
  } catch {
    return String(url);
  }
}
