/** A token, or where to get a fresh one; asked before each connection and before expiry. */
export type TokenSource = string | (() => string | null | undefined | Promise<string | null | undefined>);

export async function readToken(source: TokenSource | undefined): Promise<string | null | undefined> {
  return typeof source === "function" ? source() : source;
}

/** The subprotocol that carries a token beside `pgsidecar.v1`: `bearer.` and base64url of its UTF-8 bytes. */
export function bearerProtocol(token: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(token));
  return `bearer.${btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")}`;
}
