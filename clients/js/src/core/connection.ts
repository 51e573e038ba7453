import { planClose, type ClosePlan } from "./close-plan.js";
import type { ClientMessage } from "./client-messages.js";
import type { ConnectionSnapshot, StopReason } from "./connection-state.js";
import { isOnline, watchEnvironment } from "./environment.js";
import { parseMessage } from "./parse-message.js";
import { RealtimeError } from "./realtime-error.js";
import { Reconnector } from "./reconnector.js";
import type { ByePayload, ReconnectPolicy, ServerMessage, SessionReadyPayload } from "./server-messages.js";
import { openSocket, type SocketConstructor, type SocketLike } from "./socket.js";
import { Store } from "./store.js";
import { bearerProtocol, readToken, type TokenSource } from "./token.js";

export interface ConnectionOptions {
  url: string;
  token: TokenSource | undefined;
  /** Where the token goes; `message` is for proxies that refuse unknown subprotocols. */
  tokenIn: "subprotocol" | "message";
  WebSocket: SocketConstructor | undefined;
  connectTimeoutMs: number;
  policy(): ReconnectPolicy;
}

export interface ConnectionEvents {
  /** The socket opened and has no token yet. */
  authenticate(token: string): void;
  ready(session: SessionReadyPayload): void;
  message(message: ServerMessage): void;
  malformed(): void;
  heard(): void;
  lost(error: RealtimeError): void;
  /** The tab is back or the network: ask the peer at once. */
  woken(): void;
}

/** One socket at a time, its state machine, and the way back after a loss. */
export class Connection {
  readonly state = new Store<ConnectionSnapshot>({
    state: "disconnected",
    reason: null,
    attempts: 0,
    nextRetryAt: null,
    error: null,
    online: isOnline(),
    session: null,
  });
  #socket: SocketLike | undefined;
  #bye: ByePayload | undefined;
  /** Grows with each attempt, so that what belongs to an older one is ignored. */
  #generation = 0;
  #openTimer: ReturnType<typeof setTimeout> | undefined;
  #refreshed = false;
  #unwatch: (() => void) | undefined;
  readonly #reconnector: Reconnector;

  constructor(
    private readonly options: ConnectionOptions,
    private readonly events: ConnectionEvents,
  ) {
    this.#reconnector = new Reconnector(options.policy, () => this.#open());
  }

  /** Does nothing while a connection stands or is being made. */
  connect(): void {
    const { state } = this.state.getSnapshot();
    if (state === "disconnected" || state === "error") this.reconnect();
  }

  /** Connects at once with a fresh count of attempts, also when a connection stands. */
  reconnect(): void {
    this.#unwatch ??= watchEnvironment({
      online: () => this.#online(),
      offline: () => this.#offline(),
      visible: () => this.#visible(),
    });
    this.#reconnector.reset();
    this.#refreshed = false;
    this.#drop(new RealtimeError("CLOSED", "Reconnecting as asked."));
    this.#open();
  }

  disconnect(): void {
    this.#reconnector.reset();
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#drop(new RealtimeError("CLOSED", "Disconnected as asked."));
    this.state.patch({ state: "disconnected", reason: null, attempts: 0, nextRetryAt: null, error: null });
  }

  /** False when there is no socket to take it. */
  send(message: ClientMessage): boolean {
    if (!this.#socket) return false;
    try {
      this.#socket.send(JSON.stringify(message));
      return true;
    } catch {
      return false;
    }
  }

  /** The peer is silent: gives the socket up without waiting for its close. */
  abandon(error: RealtimeError): void {
    if (this.#socket) this.#lose({ error, then: "reconnect", waitMs: 0 });
  }

  #open(): void {
    this.#reconnector.cancel();
    const generation = ++this.#generation;
    this.#bye = undefined;
    const attempts = this.#reconnector.attempts;
    this.state.patch({ state: "connecting", reason: null, nextRetryAt: null, attempts });
    // A watcher of the state may have disconnected.
    if (generation !== this.#generation) return;
    this.#openTimer = setTimeout(() => {
      this.#lose({ error: new RealtimeError("TIMED_OUT", "The sidecar did not answer in time."), then: "reconnect", waitMs: 0 });
    }, this.options.connectTimeoutMs);
    const token = readToken(this.options.token);
    if (!(token instanceof Promise)) return this.#openWith(token, generation);
    token.then(
      (value) => this.#openWith(value, generation),
      (cause: unknown) => {
        if (generation !== this.#generation) return;
        this.#lose({ error: new RealtimeError("UNAUTHORIZED", "The token source failed.", { cause }), then: "reconnect", waitMs: 0 });
      },
    );
  }

  #openWith(token: string | null | undefined, generation: number): void {
    const current = (): boolean => generation === this.#generation;
    if (!current()) return;
    const { WebSocket: Socket, url, tokenIn } = this.options;
    if (!Socket) {
      const error = new RealtimeError("NO_WEBSOCKET", "There is no WebSocket here; give one as the option WebSocket.");
      return this.#lose({ error, then: "stop", waitMs: 0 });
    }
    const protocols = ["pgsidecar.v1"];
    if (token && tokenIn === "subprotocol") protocols.push(bearerProtocol(token));
    try {
      this.#socket = openSocket(Socket, url, protocols, {
        open: () => {
          if (current() && token && tokenIn === "message") this.events.authenticate(token);
        },
        text: (data) => {
          if (current()) this.#receive(data);
        },
        closed: (code, reason) => {
          if (current()) this.#lose(planClose(code, reason, this.#bye));
        },
      });
    } catch (cause) {
      const error = new RealtimeError("BAD_URL", `No WebSocket can be opened to ${url}.`, { cause });
      this.#lose({ error, then: "stop", waitMs: 0 });
    }
  }

  #receive(data: string): void {
    this.events.heard();
    const message = parseMessage(data);
    if (!message) return this.events.malformed();
    if (message.type === "bye") this.#bye = message.payload;
    if (message.type === "session:ready") this.#ready(message.payload);
    this.events.message(message);
  }

  #ready(session: SessionReadyPayload): void {
    clearTimeout(this.#openTimer);
    this.#reconnector.reset();
    this.#refreshed = false;
    this.state.patch({ state: "connected", reason: null, attempts: 0, nextRetryAt: null, error: null, session });
    this.events.ready(session);
  }

  #lose(plan: ClosePlan): void {
    const mayRefresh = typeof this.options.token === "function" && !this.#refreshed;
    const generation = this.#generation + 1;
    this.#drop(plan.error);
    // Whoever heard of the loss may have disconnected or reconnected by now.
    if (generation !== this.#generation) return;
    if (plan.then === "refresh") {
      if (!mayRefresh) return this.#stop("auth", plan.error);
      this.#refreshed = true;
      return this.#open();
    }
    if (plan.then === "stop") return this.#refuse(plan.error);
    if (this.#reconnector.exhausted()) return this.#stop("exhausted", plan.error);
    const waiting = isOnline() ? Date.now() + this.#reconnector.schedule(plan.error) : null;
    const attempts = this.#reconnector.attempts;
    this.state.patch({ state: "reconnecting", nextRetryAt: waiting, error: plan.error, attempts });
  }

  #refuse(error: RealtimeError): void {
    if (error.closeCode === 1000) this.state.patch({ state: "disconnected", error });
    else this.#stop(error.closeCode === 4403 ? "auth" : "refused", error);
  }

  #stop(reason: StopReason, error: RealtimeError): void {
    const attempts = this.#reconnector.attempts;
    this.state.patch({ state: "error", reason, error, nextRetryAt: null, attempts });
  }

  /** Forgets the socket; what it still says is ignored, for its close may take minutes on a dead network. */
  #drop(error: RealtimeError): void {
    clearTimeout(this.#openTimer);
    this.#generation += 1;
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    try {
      socket.close(1000);
    } catch {
      // It never opened.
    }
    this.events.lost(error);
  }

  #online(): void {
    this.state.patch({ online: true });
    this.#retryNow();
  }

  /** Attempts would be wasted; the standing socket is left to the heartbeat. */
  #offline(): void {
    this.state.patch({ online: false });
    if (this.state.getSnapshot().state !== "reconnecting") return;
    this.#reconnector.cancel();
    this.state.patch({ nextRetryAt: null });
  }

  #visible(): void {
    if (isOnline()) this.#retryNow();
  }

  #retryNow(): void {
    const { state, reason } = this.state.getSnapshot();
    if (state === "connected") return this.events.woken();
    if (state === "reconnecting" || reason === "exhausted") this.reconnect();
  }
}
