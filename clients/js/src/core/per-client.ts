import type { RealtimeClient } from "./realtime-client.js";

/**
 * What is made once for a client and shared by all who ask; an application that never asks does not bundle it. The
 * options of the first call hold.
 */
export function perClient<T, Options>(
  make: (client: RealtimeClient, options: Options | undefined) => T,
): (client: RealtimeClient, options?: Options) => T {
  const made = new WeakMap<RealtimeClient, T>();
  return (client, options) => {
    const known = made.get(client);
    if (known) return known;
    const fresh = make(client, options);
    made.set(client, fresh);
    return fresh;
  };
}
