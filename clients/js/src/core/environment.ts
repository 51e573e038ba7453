/** False only where the browser says so. */
export function isOnline(): boolean {
  return typeof navigator === "undefined" || navigator.onLine !== false;
}

export interface EnvironmentListener {
  online(): void;
  offline(): void;
  /** The tab came back to the front. */
  visible(): void;
}

/** Watches network and visibility where there is a browser; returns the function that ends it. */
export function watchEnvironment(listener: EnvironmentListener): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") return () => undefined;
  const visibility = (): void => {
    if (document.visibilityState === "visible") listener.visible();
  };
  window.addEventListener("online", listener.online);
  window.addEventListener("offline", listener.offline);
  document.addEventListener("visibilitychange", visibility);
  return () => {
    window.removeEventListener("online", listener.online);
    window.removeEventListener("offline", listener.offline);
    document.removeEventListener("visibilitychange", visibility);
  };
}
