import { checkClientMessage, checkServerMessage } from "./schema.js";
import type { ClientMessage, Request, ServerMessage, SessionReadyPayload } from "@pgsidecar/client";

export const epoch = "5f0c2ab19de47730";
export const at = "2026-11-20T10:00:00.000Z";

export const session: SessionReadyPayload = {
  version: 1,
  sessionId: "s-1",
  epoch,
  head: 10,
  features: ["events", "changes", "broadcast", "presence", "resume"],
  limits: { maxSubscriptions: 100 },
  timing: { pingIntervalMs: 30_000, pongTimeoutMs: 10_000, staleAfterMs: 60_000, healthIntervalMs: 30_000 },
};

type Answer = Record<string, unknown> | { code: string; message?: string; retryAfterMs?: number } | "silence";
type Handler = (message: ClientMessage & { id: string }) => Answer;

const isRefusal = (answer: object): answer is { code: string; message?: string; retryAfterMs?: number } => "code" in answer;

/** A sidecar without a network: keeps the sockets that were opened and answers requests. Every frame is checked. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  session = session;
  /** Opens and greets by itself; false: the test does. */
  automatic = true;
  /** What an attempt meets. */
  refuse = false;
  readonly handlers: Partial<Record<Request["type"], Handler>> = {
    subscribe: (message) => ({
      channel: "channel" in message ? message.channel : "",
      subs: message.type === "subscribe" ? (message.payload?.changes ?? []).map((_, index) => index + 1) : [],
      head: this.session.head,
    }),
    resume: () => ({ recovered: true, replayed: 0, head: this.session.head }),
  };

  readonly WebSocket = ((server: FakeServer) =>
    class extends FakeSocket {
      constructor(url: string, protocols?: string[]) {
        super(server, url, protocols);
        server.sockets.push(this);
        queueMicrotask(() => this.begin());
      }
    })(this);

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (!last) throw new Error("no socket was opened");
    return last;
  }
}

export class FakeSocket {
  readonly sent: ClientMessage[] = [];
  closed = false;
  onopen: unknown = null;
  onmessage: unknown = null;
  onclose: unknown = null;
  onerror: unknown = null;

  constructor(
    readonly server: FakeServer,
    readonly url: string,
    readonly protocols?: string[],
  ) {}

  begin(): void {
    if (this.closed) return;
    if (this.server.refuse) return this.drop(1006);
    if (!this.server.automatic) return;
    this.open();
    this.greet();
  }

  open(): void {
    (this.onopen as (() => void) | null)?.();
  }

  greet(status: "connected" | "error" = "connected"): void {
    this.say({ type: "database:status", payload: { mode: "local", status, timestamp: at }, seq: this.server.session.head });
    if (status === "connected") {
      this.say({ type: "database:health", payload: { healthy: true, latency: 2, mode: "local", timestamp: at } });
    }
    this.say({ type: "session:ready", payload: this.server.session });
  }

  send(text: string): void {
    const message = JSON.parse(text) as ClientMessage;
    checkClientMessage(message);
    this.sent.push(message);
    if (!("id" in message)) return;
    const answer = this.server.handlers[message.type]?.(message) ?? {};
    if (answer === "silence") return;
    queueMicrotask(() => this.answer(message.id, answer));
  }

  answer(id: string, answer: object): void {
    const error = isRefusal(answer) ? { message: "refused", ...answer } : undefined;
    this.say({ type: "reply", id, payload: error ? { ok: false, error } : { ok: true, result: { ...answer } } });
  }

  /** Checked against the contract. */
  say(message: ServerMessage): void {
    checkServerMessage(message);
    this.text(JSON.stringify(message));
  }

  /** Unchecked: for what no server should say. */
  text(data: unknown): void {
    if (!this.closed) (this.onmessage as ((event: { data: unknown }) => void) | null)?.({ data });
  }

  close(): void {
    this.closed = true;
  }

  /** The server or the network ends it. */
  drop(code: number, reason = ""): void {
    if (this.closed) return;
    this.closed = true;
    (this.onclose as ((event: { code: number; reason: string }) => void) | null)?.({ code, reason });
  }

  bye(code: number, reconnect: boolean, retryAfterMs?: number): void {
    const more = retryAfterMs === undefined ? {} : { retryAfterMs };
    this.say({ type: "bye", payload: { code, reason: "bye", reconnect, ...more } });
    this.drop(code);
  }

  sentOf<Type extends ClientMessage["type"]>(type: Type): Extract<ClientMessage, { type: Type }>[] {
    return this.sent.filter((message): message is Extract<ClientMessage, { type: Type }> => message.type === type);
  }
}
