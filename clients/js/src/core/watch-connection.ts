import type { RealtimeClient } from "./realtime-client.js";

export interface ConnectionCallbacks {
  onConnect?: () => void;
  onDisconnect?: () => void;
  onError?: (error: Error) => void;
}

/** Calls back on each connect, loss and error of the client. Returns the end of it. */
export function watchConnection(client: RealtimeClient, callbacks: ConnectionCallbacks): () => void {
  let connected = false;
  const follow = (): void => {
    const now = client.isConnected();
    if (now === connected) return;
    connected = now;
    if (now) callbacks.onConnect?.();
    else callbacks.onDisconnect?.();
  };
  const stops = [client.connection.subscribe(follow), client.on("error", (error) => callbacks.onError?.(error))];
  follow();
  return () => {
    for (const stop of stops) stop();
  };
}
