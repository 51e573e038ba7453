import { createClient } from "./client.js";
import type { RealtimeClient } from "./realtime-client.js";

let client: RealtimeClient | undefined;

/** The client of hooks and components outside a provider; made for the page's own origin unless one was set. */
export function defaultClient(): RealtimeClient {
  return (client ??= createClient());
}

export function setDefaultClient(replacement: RealtimeClient): void {
  client = replacement;
}
