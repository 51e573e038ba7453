// The token lives in this tab only; it comes from the dialog or from the fragment, which no server and no log sees.

const key = "pgsidecar.token";

/** A text as its UTF-8 bytes, one character each: what a header can carry. */
function byteText(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

export function takeTokenFromFragment(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  storeToken(given);
  history.replaceState(null, "", location.pathname + location.search);
}

export function readStoredToken(): string | null {
  return sessionStorage.getItem(key);
}

export function storeToken(token: string): void {
  sessionStorage.setItem(key, token);
}

export function authorization(): Record<string, string> {
  const token = readStoredToken();
  return token ? { Authorization: `Bearer ${byteText(token)}` } : {};
}
