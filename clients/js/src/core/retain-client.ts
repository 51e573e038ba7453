import { perClient } from "./per-client.js";
import type { RealtimeClient } from "./realtime-client.js";

const holdersOf = /* @__PURE__ */ perClient(() => ({ count: 0 }));

/** Connects while anybody holds the client; the last release disconnects, unless another holder comes in that turn. */
export function retainClient(client: RealtimeClient): () => void {
  const holders = holdersOf(client);
  holders.count += 1;
  if (holders.count === 1 && client.connection.getSnapshot().state === "disconnected") client.connect();
  let held = 1;
  return () => {
    holders.count -= held;
    held = 0;
    setTimeout(() => {
      if (holders.count === 0) client.disconnect();
    });
  };
}
