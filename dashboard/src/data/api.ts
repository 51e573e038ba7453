import { authorization } from "./token.js";

/** What the sidecar refused, or that it did not answer (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

const timeoutMs = 10_000;

/** Requests to the sidecar that served this page. */
export class Api {
  /** Called on each 401. */
  onUnauthorized: () => void = () => undefined;

  constructor(private readonly base: URL) {}

  get<T>(path: string): Promise<T> {
    return this.#ask<T>(path, { method: "GET" });
  }

  post<T>(path: string, body?: unknown): Promise<T> {
    if (body === undefined) return this.#ask<T>(path, { method: "POST" });
    const headers = { "Content-Type": "application/json" };
    return this.#ask<T>(path, { method: "POST", body: JSON.stringify(body), headers });
  }

  async #ask<T>(path: string, options: RequestInit & { headers?: Record<string, string> }): Promise<T> {
    const response = await this.#fetch(path, options);
    if (response.status === 401) this.onUnauthorized();
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok) return answer as T;
    const { code, message } = (answer as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
    throw new ApiError(response.status, code ?? "HTTP", message ?? `The sidecar answered with HTTP ${response.status}.`);
  }

  async #fetch(path: string, options: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    try {
      return await fetch(new URL(path, this.base), {
        ...options,
        headers: { ...options.headers, ...authorization() },
        cache: "no-store",
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch {
      throw new ApiError(0, "UNREACHABLE", "The sidecar does not answer.");
    }
  }
}
