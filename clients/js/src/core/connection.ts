import { planClose, type ClosePlan } from "./close-plan.js";
import type { ClientMessage } from "./client-messages.js";
import type { ConnectionSnapshot, StopReason } from "./connection-state.js";
import { isOnline, watchEnvironment } from "./environment.js";
import { parseMessage } from "./parse-message.js";
import { RealtimeError } from "./realtime-error.js";
import { Reconnector } from "./reconnector.js";
import type { ByePayload, ReconnectPolicy, ServerMessage, SessionReadyPayload } from "./server-messages.js";
import { openSocket, type SocketConstructor, type SocketLike } from "./socket.js";
import { Store, type ReadableStore } from "./store.js";
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

const calm = { reason: null, attempts: 0, nextRetryAt: null, error: null };

const asked = (): RealtimeError => new RealtimeError("CLOSED", "Closed as asked.");

/** One socket at a time, its state machine, and the way back after a loss. */
export interface Connection {
  readonly state: ReadableStore<ConnectionSnapshot>;
  /** Does nothing while a connection stands or is being made. */
  connect(): void;
  /** Connects at once with a fresh count of attempts, also when a connection stands. */
  reconnect(): void;
  disconnect(): void;
  /** False when there is no socket to take it. */
  send(message: ClientMessage): boolean;
  /** The peer is silent: gives the socket up without waiting for its close. */
  abandon(error: RealtimeError): void;
}

// A function, not a class: its variables get short names when an application is minified.
export function createConnection(options: ConnectionOptions, events: ConnectionEvents): Connection {
  const state = new Store<ConnectionSnapshot>({
    state: "disconnected",
    ...calm,
    online: isOnline(),
    session: null,
  });
  let socket: SocketLike | undefined;
  let bye: ByePayload | undefined;
  /** Grows with each attempt, so that what belongs to an older one is ignored. */
  let generation = 0;
  let openTimer: ReturnType<typeof setTimeout> | undefined;
  let refreshed = false;
  let unwatch: (() => void) | undefined;
  const reconnector = new Reconnector(options.policy, open);

  function connect(): void {
    const now = state.getSnapshot().state;
    if (now === "disconnected" || now === "error") reconnect();
  }

  function reconnect(): void {
    unwatch ??= watchEnvironment({
      online,
      offline,
      visible,
    });
    reconnector.reset();
    refreshed = false;
    drop(asked());
    open();
  }

  function disconnect(): void {
    reconnector.reset();
    unwatch?.();
    unwatch = undefined;
    drop(asked());
    state.patch({ state: "disconnected", ...calm });
  }

  function send(message: ClientMessage): boolean {
    if (!socket) return false;
    try {
      socket.send(JSON.stringify(message));
      return true;
    } catch {
      return false;
    }
  }

  function abandon(error: RealtimeError): void {
    if (socket) lose({ error, then: "reconnect" });
  }

  function open(): void {
    reconnector.cancel();
    const mine = ++generation;
    bye = undefined;
    const attempts = reconnector.attempts;
    state.patch({ state: "connecting", reason: null, nextRetryAt: null, attempts });
    // A watcher of the state may have disconnected.
    if (mine !== generation) return;
    const late = new RealtimeError("TIMED_OUT", "The sidecar did not answer in time.");
    openTimer = setTimeout(() => lose({ error: late, then: "reconnect" }), options.connectTimeoutMs);
    readToken(options.token).then(
      (value) => openWith(value, mine),
      (cause: unknown) => {
        if (mine !== generation) return;
        lose({ error: new RealtimeError("UNAUTHORIZED", "The token source failed.", { cause }), then: "reconnect" });
      },
    );
  }

  function openWith(token: string | null | undefined, mine: number): void {
    const current = (): boolean => mine === generation;
    if (!current()) return;
    const { WebSocket: Socket, url, tokenIn } = options;
    if (!Socket) {
      const error = new RealtimeError("NO_WEBSOCKET", "No WebSocket here; give one as the option WebSocket.");
      return lose({ error, then: "stop" });
    }
    const protocols = ["pgsidecar.v1"];
    if (token && tokenIn === "subprotocol") protocols.push(bearerProtocol(token));
    try {
      socket = openSocket(Socket, url, protocols, {
        open: () => {
          if (current() && token && tokenIn === "message") events.authenticate(token);
        },
        text: (data) => {
          if (current()) receive(data);
        },
        closed: (code, reason) => {
          if (current()) lose(planClose(code, reason, bye));
        },
      });
    } catch (cause) {
      const error = new RealtimeError("BAD_URL", `No WebSocket can be opened to ${url}.`, { cause });
      lose({ error, then: "stop" });
    }
  }

  function receive(data: string): void {
    events.heard();
    const message = parseMessage(data);
    if (!message) return events.malformed();
    if (message.type === "bye") bye = message.payload;
    if (message.type === "session:ready") ready(message.payload);
    events.message(message);
  }

  function ready(session: SessionReadyPayload): void {
    clearTimeout(openTimer);
    reconnector.reset();
    refreshed = false;
    state.patch({ state: "connected", ...calm, session });
    events.ready(session);
  }

  function lose(plan: ClosePlan): void {
    const mayRefresh = typeof options.token === "function" && !refreshed;
    const next = generation + 1;
    drop(plan.error);
    // Whoever heard of the loss may have disconnected or reconnected by now.
    if (next !== generation) return;
    if (plan.then === "refresh") {
      if (!mayRefresh) return stop("auth", plan.error);
      refreshed = true;
      return open();
    }
    if (plan.then === "stop") return refuse(plan.error);
    if (reconnector.exhausted()) return stop("exhausted", plan.error);
    const waiting = isOnline() ? Date.now() + reconnector.schedule(plan.error) : null;
    const attempts = reconnector.attempts;
    state.patch({ state: "reconnecting", nextRetryAt: waiting, error: plan.error, attempts });
  }

  function refuse(error: RealtimeError): void {
    if (error.closeCode === 1000) state.patch({ state: "disconnected", error });
    else stop(error.closeCode === 4403 ? "auth" : "refused", error);
  }

  function stop(reason: StopReason, error: RealtimeError): void {
    const attempts = reconnector.attempts;
    state.patch({ state: "error", reason, error, nextRetryAt: null, attempts });
  }

  /** Forgets the socket; what it still says is ignored, for its close may take minutes on a dead network. */
  function drop(error: RealtimeError): void {
    clearTimeout(openTimer);
    generation += 1;
    const gone = socket;
    socket = undefined;
    if (!gone) return;
    try {
      gone.close(1000);
    } catch {
      // It never opened.
    }
    events.lost(error);
  }

  function online(): void {
    state.patch({ online: true });
    retryNow();
  }

  /** Attempts would be wasted; the standing socket is left to the heartbeat. */
  function offline(): void {
    state.patch({ online: false });
    if (state.getSnapshot().state !== "reconnecting") return;
    reconnector.cancel();
    state.patch({ nextRetryAt: null });
  }

  function visible(): void {
    if (isOnline()) retryNow();
  }

  function retryNow(): void {
    const { state: now, reason } = state.getSnapshot();
    if (now === "connected") return events.woken();
    if (now === "reconnecting" || reason === "exhausted") reconnect();
  }

  return { state, connect, reconnect, disconnect, send, abandon };
}
