import { vi } from "vitest";
import { createClient, type ClientOptions, type RealtimeClient } from "@pgsidecar/client";
import { FakeServer } from "./fake-socket.js";

/** Lets promises and microtasks run, and `ms` of the fake clock. */
export const advance = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

export interface Stage {
  server: FakeServer;
  client: RealtimeClient;
}

export function stage(options: ClientOptions = {}): Stage {
  const server = new FakeServer();
  return { server, client: createClient({ url: "ws://sidecar/ws", WebSocket: server.WebSocket, ...options }) };
}

/** A client that is connected. */
export async function connectedStage(options: ClientOptions = {}): Promise<Stage> {
  const made = stage(options);
  made.client.connect();
  await advance();
  return made;
}

/** Collects what a listener is called with. */
export function recorder<T>(): { calls: T[]; listener: (value: T) => void } {
  const calls: T[] = [];
  return { calls, listener: (value) => void calls.push(value) };
}
