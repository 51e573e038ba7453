import type { ReconnectPolicy } from "./server-messages.js";
import { reconnectPolicy, reconnectPresets, type ReconnectOption } from "./backoff.js";

interface Claim {
  policy: ReconnectPolicy;
  weak: boolean;
}

/**
 * Whose reconnect policy holds: the newest hook that names one, else the application's, else the newest hook's preset,
 * else what the server advertised, else the default.
 */
export class PolicyClaims {
  advertised: ReconnectPolicy | undefined;
  readonly #claims: Claim[] = [];
  readonly #own: ReconnectPolicy | undefined;

  constructor(option: ReconnectOption | undefined) {
    this.#own = option && reconnectPolicy(option);
  }

  /** `weak`: yields to what the application said. Returns the release. */
  add(policy: ReconnectPolicy, weak: boolean): () => void {
    const claim = { policy, weak };
    this.#claims.push(claim);
    return () => void this.#claims.splice(this.#claims.indexOf(claim) >>> 0, 1);
  }

  readonly current = (): ReconnectPolicy =>
    this.#newest(false) ?? this.#own ?? this.#newest(true) ?? this.advertised ?? reconnectPresets.default;

  #newest(weak: boolean): ReconnectPolicy | undefined {
    return [...this.#claims].reverse().find((claim) => claim.weak === weak)?.policy;
  }
}
