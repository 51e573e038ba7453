import type { RealtimeClient } from "./realtime-client.js";
import { classifyError, getRecoveryStrategy } from "./error-class.js";
import { isOnline } from "./environment.js";

export interface RecoverOptions {
  /** Default: the client asks its token source again when it reconnects. */
  refreshToken?: () => Promise<void>;
  /** The cause is dealt with: show the live view again. */
  recovered: () => void;
  /** Waits at least so long, for what fails again and again. */
  leastDelayMs?: number;
}

/** Recovers from an error by its class: new token, wait for the network, or another try later. Returns the cancel. */
export function recoverFrom(error: unknown, client: RealtimeClient, options: RecoverOptions): () => void {
  const { action, delay } = getRecoveryStrategy(classifyError(error));
  let open = true;
  let stop = (): void => undefined;
  const finish = (): void => {
    if (!open) return;
    open = false;
    stop();
    if (!client.isConnected()) client.reconnect();
    options.recovered();
  };
  const act = (): void => {
    if (action === "refresh_token") {
      // A refresh that fails leaves the fallback standing; the next error or the user goes on from there.
      void Promise.resolve(options.refreshToken?.()).then(finish, () => undefined);
    } else if (action === "wait_online" && !(isOnline() && client.isConnected())) {
      stop = client.connection.subscribe(() => {
        if (client.isConnected()) finish();
      });
    } else finish();
  };
  const timer = setTimeout(act, Math.max(delay, options.leastDelayMs ?? 0));
  return () => {
    open = false;
    clearTimeout(timer);
    stop();
  };
}

/** Spaces the recoveries of one view: the first at once, each that follows soon after another a while later. */
export class RecoverySpacing {
  #attempts = 0;
  #last = 0;

  /** Least delay in ms of the recovery that begins now. */
  next(): number {
    const now = Date.now();
    this.#attempts = now - this.#last < 120_000 ? this.#attempts + 1 : 0;
    this.#last = now;
    return this.#attempts === 0 ? 0 : Math.min(1000 * 2 ** this.#attempts, 60_000);
  }
}
