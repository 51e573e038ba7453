import type { RealtimeClient } from "./client.js";
import { classifyError, getRecoveryStrategy } from "./error-class.js";
import { isOnline } from "./environment.js";

export interface RecoverOptions {
  /** Default: the client asks its token source again when it reconnects. */
  refreshToken?: () => Promise<void>;
  /** The cause is dealt with: show the live view again. */
  recovered: () => void;
}

/** Recovers from an error by its class: new token, wait for the network, or another try later. Returns the cancel. */
export function recoverFrom(error: unknown, client: RealtimeClient, options: RecoverOptions): () => void {
  const { action, delay } = getRecoveryStrategy(classifyError(error));
  let open = true;
  const finish = (): void => {
    if (!open) return;
    open = false;
    if (!client.isConnected()) client.reconnect();
    options.recovered();
  };
  if (action === "refresh_token") {
    // A refresh that fails leaves the fallback standing; the next error or the user goes on from there.
    void Promise.resolve(options.refreshToken?.()).then(finish, () => undefined);
  } else if (action === "wait_online" && !(isOnline() && client.isConnected())) {
    const stop = client.connection.subscribe(() => {
      if (!client.isConnected()) return;
      stop();
      finish();
    });
    return () => {
      open = false;
      stop();
    };
  }
  const timer = action === "refresh_token" ? undefined : setTimeout(finish, delay);
  return () => {
    open = false;
    clearTimeout(timer);
  };
}
