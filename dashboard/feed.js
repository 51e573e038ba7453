// The line to the sidecar: WebSocket with ping and back-off, and polling of what the feed does not carry. No DOM.

const POLL_MS = 2000;
const POLL_HIDDEN_MS = 15000;
const policyUntilReady = { baseMs: 1000, factor: 2, maxMs: 30000, jitter: 0.2 };

/** Milliseconds before attempt number `attempt` (from 0): 1 s, 2 s, 4 s ... 30 s, and 0 to 20 % on top (R156-R158). */
export function backoff(attempt, policy = policyUntilReady, random = Math.random) {
  const base = Math.min(policy.baseMs * policy.factor ** attempt, policy.maxMs);
  return base * (1 + policy.jitter * random());
}

/** A text as its UTF-8 bytes, one character each: what headers and btoa() can carry. */
function byteText(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** token -> the form in which a WebSocket subprotocol may carry it. */
export function bearerProtocol(token) {
  const text = btoa(byteText(token));
  return `bearer.${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * Events: "message" (detail: a message of the contract), "status" (detail: GET /api/status), "line" (detail:
 * { state: connecting|live|lost, retryAt }), "unauthorized".
 */
export class Feed extends EventTarget {
  #base;
  #token;
  #socket;
  #attempt = 0;
  #policy = policyUntilReady;
  #timers = {};
  #nextId = 1;
  #waiting = new Map();
  #stopped = true;

  constructor(base) {
    super();
    this.#base = base;
  }

  start(token) {
    this.#token = token;
    this.#stopped = false;
    this.#attempt = 0;
    this.#poll();
    this.#open();
  }

  stop() {
    this.#stopped = true;
    for (const name of Object.keys(this.#timers)) this.#clear(name);
    this.#socket?.close(1000);
  }

  retryNow() {
    this.#clear("retry");
    this.#open();
    this.#poll();
  }

  /** Resolves with the reply's payload; rejects when there is no line. */
  request(type, members = {}) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== WebSocket.OPEN)
        return reject(new Error("there is no connection to the sidecar"));
      const id = String(this.#nextId++);
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ type, id, ...members }));
    });
  }

  async get(path) {
    const headers = this.#token ? { Authorization: `Bearer ${byteText(this.#token)}` } : {};
    const response = await fetch(new URL(path, this.#base), { headers, cache: "no-store" });
    if (response.status === 401) this.#emit("unauthorized");
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
    return response.json();
  }

  #open() {
    const address = new URL("ws", this.#base);
    address.protocol = address.protocol.replace("http", "ws");
    const protocols = ["pgsidecar.v1"];
    if (this.#token) protocols.push(bearerProtocol(this.#token));
    const before = this.#socket;
    const socket = new WebSocket(address, protocols);
    this.#socket = socket;
    before?.close();
    this.#emit("line", { state: "connecting" });
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  #receive(message) {
    this.#clear("pong");
    if (message.type === "reply") {
      this.#waiting.get(message.id)?.resolve(message.payload);
      this.#waiting.delete(message.id);
    } else if (message.type === "session:ready") {
      this.#ready(message.payload);
    }
    this.#emit("message", message);
  }

  #ready({ timing, reconnect }) {
    this.#attempt = 0;
    this.#policy = reconnect ?? policyUntilReady;
    this.#emit("line", { state: "live" });
    this.#clear("ping");
    this.#timers.ping = setInterval(() => {
      this.#socket.send(JSON.stringify({ type: "ping", payload: { t: performance.now() } }));
      this.#clear("pong");
      this.#timers.pong = setTimeout(() => this.#abandon(), timing.pongTimeoutMs);
    }, timing.pingIntervalMs);
  }

  /** No pong: the socket may hang for minutes before the system notices. */
  #abandon() {
    const socket = this.#socket;
    this.#lost();
    socket.close();
  }

  #lost() {
    this.#socket = undefined;
    this.#clear("ping");
    this.#clear("pong");
    for (const { reject } of this.#waiting.values())
      reject(new Error("the connection to the sidecar was lost"));
    this.#waiting.clear();
    if (this.#stopped) return;
    const wait = backoff(this.#attempt++, this.#policy);
    this.#emit("line", { state: "lost", retryAt: Date.now() + wait });
    this.#timers.retry = setTimeout(() => this.#open(), wait);
  }

  async #poll() {
    this.#clear("poll");
    try {
      this.#emit("status", await this.get("api/status"));
    } catch {
      // The banner speaks of the broken line; the next poll is the cure.
    }
    if (!this.#stopped)
      this.#timers.poll = setTimeout(
        () => this.#poll(),
        document.hidden ? POLL_HIDDEN_MS : POLL_MS,
      );
  }

  #clear(name) {
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
