import { perClient } from "./per-client.js";
import type { RealtimeClient } from "./realtime-client.js";
import type { ReconnectPolicy } from "./server-messages.js";

interface Claim {
  policy: ReconnectPolicy;
  weak: boolean;
}

const claimsOf = /* @__PURE__ */ perClient((): Claim[] => []);

/**
 * Lets a hook decide the reconnect policy for as long as it is mounted; the newest wins. `weak` yields to what the
 * application gave the client. Returns the release.
 */
export function claimPolicy(client: RealtimeClient, policy: ReconnectPolicy, weak = false): () => void {
  const claims = claimsOf(client);
  const claim = { policy, weak };
  const apply = (): void => {
    const newest = (of: boolean) => claims.filter((one) => one.weak === of).at(-1)?.policy;
    client.policies.strong = newest(false);
    client.policies.weak = newest(true);
  };
  claims.push(claim);
  apply();
  return () => {
    const index = claims.indexOf(claim);
    if (index >= 0) claims.splice(index, 1);
    apply();
  };
}
