import { Channel, type ChannelOptions } from "./channel.js";
import { socketUrl, type ClientOptions } from "./client-options.js";
import type { Request } from "./client-messages.js";
import { Connection } from "./connection.js";
import { connectionHealth, type ConnectionHealthStatus } from "./connection-health.js";
import { ConnectionMetrics } from "./connection-metrics.js";
import type { ConnectionSnapshot } from "./connection-state.js";
import { DatabaseState, type DatabaseSnapshot } from "./database-state.js";
import { Emitter } from "./emitter.js";
import { Heartbeat } from "./heartbeat.js";
import { PolicyClaims } from "./policy-claims.js";
import { asError, RealtimeError } from "./realtime-error.js";
import { recover, type ReconnectContext, type SyncTask } from "./recovery.js";
import { Requests } from "./requests.js";
import type { GapPayload, HealthPayload, ReconnectPolicy, ServerMessage, SessionReadyPayload } from "./server-messages.js";
import type { SocketConstructor } from "./socket.js";
import { Store, type ReadableStore } from "./store.js";
import { StreamPosition } from "./stream-position.js";
import { Subscriptions } from "./subscriptions.js";
import { readToken } from "./token.js";

export interface ClientEvents {
  /** Every message of the server once, in order. */
  message: ServerMessage;
  /** Something was missed: refetch what the channels show. */
  gap: GapPayload;
  /** After a reconnection and its sync tasks. */
  reconnected: ReconnectContext;
  error: Error;
}

/** One connection to one sidecar and all that hangs on it. */
export class RealtimeClient {
  readonly connection: ReadableStore<ConnectionSnapshot>;
  readonly database: ReadableStore<DatabaseSnapshot>;
  readonly health: ReadableStore<ConnectionHealthStatus>;
  readonly metrics = new ConnectionMetrics();

  readonly #events = new Emitter<ClientEvents>();
  readonly #socket: Connection;
  readonly #databaseState = new DatabaseState();
  readonly #healthState: Store<ConnectionHealthStatus>;
  readonly #heartbeat: Heartbeat;
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  readonly #position = new StreamPosition();
  readonly #policies: PolicyClaims;
  readonly #syncTasks = new Set<SyncTask>();
  readonly #afterSync = new Set<() => Promise<void>>();
  #session = 0;
  #holders = 0;

  constructor(private readonly options: ClientOptions = {}) {
    this.#policies = new PolicyClaims(options.reconnect);
    this.#socket = new Connection(
      {
        url: socketUrl(options.url),
        token: options.token,
        tokenIn: options.tokenIn ?? "subprotocol",
        WebSocket: options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined),
        connectTimeoutMs: options.connectTimeout ?? 10_000,
        policy: this.#policies.current,
      },
      {
        authenticate: (token) => this.#authenticate(token),
        ready: (session) => this.#ready(session),
        message: (message) => this.#receive(message),
        malformed: () => this.#malformed(),
        heard: () => this.#heard(),
        lost: (error) => this.#lost(error),
        woken: () => this.#heartbeat.check(),
      },
    );
    this.connection = this.#socket.state;
    this.database = this.#databaseState.store;
    this.#healthState = new Store(connectionHealth("disconnected", false, null));
    this.health = this.#healthState;
    this.#requests = new Requests((message) => this.#socket.send(message), options.requestTimeout ?? 10_000);
    this.#subscriptions = new Subscriptions((request, timeout) => this.#requests.request(request, timeout));
    this.#heartbeat = new Heartbeat({
      ping: (t) => void this.#socket.send({ type: "ping", payload: { t } }),
      latency: (ms) => this.#pong(ms),
      dead: (why) => this.#silent(why),
    });
    this.connection.subscribe(() => this.#stateChanged());
  }

  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Does nothing while a connection stands or is being made. */
  connect(): void {
    this.#socket.connect();
  }

  disconnect(): void {
    this.#socket.disconnect();
  }

  /** The user's own try: at once, with a fresh count of attempts. */
  reconnect(): void {
    this.#socket.reconnect();
  }

  /** Connects for as long as somebody holds it; the last release disconnects, unless another holder comes in that turn. */
  retain(): () => void {
    this.#holders += 1;
    if (this.#holders === 1 && this.connection.getSnapshot().state === "disconnected") this.connect();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      setTimeout(() => {
        if (this.#holders === 0) this.disconnect();
      });
    };
  }

  isConnected(): boolean {
    return this.connection.getSnapshot().state === "connected";
  }

  /** See PolicyClaims; returns the release. */
  claimPolicy(policy: ReconnectPolicy, weak = false): () => void {
    return this.#policies.add(policy, weak);
  }

  /** A channel of its own; channelManager() has the shared ones. */
  channel(name: string, options?: ChannelOptions): Channel {
    return new Channel(
      name,
      {
        add: (consumer) => this.#subscriptions.add(consumer),
        publish: (channel, event, data) => this.publish(channel, event, data),
        track: (channel, meta) => this.#subscriptions.track(channel, meta),
      },
      options,
    );
  }

  removeChannel(channel: Channel): void {
    channel.unsubscribe();
  }

  /** Resolves when the sidecar has taken it; rejects when there is no connection. */
  async publish(channel: string, event: string, data?: unknown, messageId?: string): Promise<void> {
    const payload = { event, ...(data === undefined ? {} : { data }), ...(messageId ? { messageId } : {}) };
    await this.#requests.request({ type: "publish", channel, payload });
  }

  /** A check of the database now. */
  async requestHealth(): Promise<HealthPayload> {
    return (await this.#requests.request({ type: "database:health:request" })) as unknown as HealthPayload;
  }

  /** Asks the sidecar to connect to its database now; needs the scope `db:reconnect`. */
  reconnectDatabase(): Promise<Record<string, unknown>> {
    return this.#requests.request({ type: "database:reconnect" });
  }

  /** Runs after each reconnection and each gap, before the offline queue is sent. Returns the removal. */
  addSync(task: SyncTask): () => void {
    this.#syncTasks.add(task);
    return () => void this.#syncTasks.delete(task);
  }

  /** Runs on each connect when the state is in sync: the place of the offline queue. */
  addAfterSync(task: () => Promise<void>): () => void {
    this.#afterSync.add(task);
    return () => void this.#afterSync.delete(task);
  }

  /** Hands an error of something built on this client to its listeners. */
  fail(error: Error): void {
    this.options.logger?.warn(error.message);
    this.#events.emit("error", error);
  }

  #ready(session: SessionReadyPayload): void {
    this.#policies.advertised = session.reconnect;
    const { pingInterval, pongTimeout, staleAfter } = this.options;
    const { timing } = session;
    this.#heartbeat.start({
      ...timing,
      pingIntervalMs: pingInterval ?? timing.pingIntervalMs,
      pongTimeoutMs: pongTimeout ?? timing.pongTimeoutMs,
      staleAfterMs: staleAfter ?? timing.staleAfterMs,
    });
    this.metrics.connected();
    void this.#restore(session);
  }

  /** The order is: connected, state in sync, then the queue. */
  async #restore(session: SessionReadyPayload): Promise<void> {
    const number = ++this.#session;
    const current = (): boolean => number === this.#session;
    const first = this.#position.current === undefined;
    try {
      const host = {
        ask: (request: Request) => this.#requests.request(request),
        current,
        gap: (gap: GapPayload) => this.#gap(gap, false),
      };
      const recovered = await recover(host, session, this.#position, this.#subscriptions);
      if (!current()) return;
      if (!first) {
        const context = { recovered };
        await this.#sync(context);
        if (!current()) return;
        this.#events.emit("reconnected", context);
      }
      for (const task of [...this.#afterSync]) await task();
    } catch (thrown) {
      if (current()) this.fail(asError(thrown));
    }
  }

  async #sync(context: ReconnectContext): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.options.syncTimeout ?? 30_000)));
    const tasks = [...this.#syncTasks].map(async (task) => {
      try {
        await task(context);
      } catch (cause) {
        this.fail(new RealtimeError("SYNC_FAILED", `Bringing the state up to date failed: ${asError(cause).message}`, { cause }));
      }
    });
    await Promise.race([Promise.all(tasks), limit]);
    clearTimeout(timer);
  }

  #receive(message: ServerMessage): void {
    this.metrics.message();
    if (message.type === "reply") this.#requests.settle(message);
    if (message.type === "pong") this.#heartbeat.pong(message.payload.t);
    if (!this.#position.accept(message, this.#subscriptions.any)) return;
    this.#databaseState.receive(message);
    this.#events.emit("message", message);
    switch (message.type) {
      case "event":
      case "change":
      case "broadcast":
      case "operation":
      case "presence:state":
      case "presence:diff":
        return this.#subscriptions.deliver(message);
      case "stream:gap":
        this.#position.gap(message.payload);
        return this.#gap(message.payload, true);
      case "auth:expiring":
        return void this.#refreshToken();
    }
  }

  /** A gap within a reconnection is followed by the sync tasks anyway. */
  #gap(gap: GapPayload, live: boolean): void {
    this.options.logger?.warn("the stream has a gap", gap);
    this.#events.emit("gap", gap);
    const reconnecting = gap.reason === "epoch-changed" || gap.reason === "too-old";
    if (live && !reconnecting) void this.#sync({ recovered: false, gap });
  }

  #authenticate(token: string): void {
    this.#requests.request({ type: "auth", payload: { token } }).catch((error: unknown) => this.fail(asError(error)));
  }

  async #refreshToken(): Promise<void> {
    if (typeof this.options.token !== "function") return;
    const number = this.#session;
    try {
      const token = await readToken(this.options.token);
      if (token && number === this.#session) await this.#requests.request({ type: "auth", payload: { token } });
    } catch (thrown) {
      this.fail(asError(thrown));
    }
  }

  #lost(error: RealtimeError): void {
    this.#session += 1;
    this.#heartbeat.stop();
    this.metrics.disconnected();
    this.#databaseState.lost();
    this.#subscriptions.lost(this.#position.current);
    this.#requests.rejectAll(error);
    if (error.code !== "CLOSED") this.fail(error);
  }

  #silent(why: "pong" | "stale"): void {
    this.#updateHealth(true);
    const text = why === "pong" ? "The sidecar did not answer a ping." : "Nothing was heard from the sidecar for too long.";
    this.#socket.abandon(new RealtimeError(why === "pong" ? "TIMED_OUT" : "STALE", text));
  }

  #heard(): void {
    this.#heartbeat.heard();
  }

  #pong(ms: number): void {
    this.metrics.pong(ms);
    this.#updateHealth(false);
  }

  #malformed(): void {
    this.metrics.malformed();
    this.fail(new RealtimeError("BAD_FRAME", "The sidecar sent something that is no message of the protocol."));
  }

  #stateChanged(): void {
    const { state, reason, attempts } = this.connection.getSnapshot();
    this.options.logger?.debug(`connection ${state}`, { reason, attempts });
    this.#updateHealth(false);
  }

  #updateHealth(stale: boolean): void {
    const next = connectionHealth(this.connection.getSnapshot().state, stale, this.metrics.current().latency);
    const now = this.#healthState.getSnapshot();
    if (next.status !== now.status || next.latency !== now.latency) this.#healthState.set(next);
  }
}

export function createClient(options: ClientOptions = {}): RealtimeClient {
  return new RealtimeClient(options);
}
