import { defaultPolicy } from "./backoff.js";
import { Channel, type ChannelHost } from "./channel.js";
import { socketUrl, type ClientOptions } from "./client-options.js";
import { createConnection } from "./connection.js";
import { connectionHealth } from "./connection-health.js";
import { ConnectionMetrics } from "./connection-metrics.js";
import { DatabaseState } from "./database-state.js";
import { Emitter } from "./emitter.js";
import { Heartbeat } from "./heartbeat.js";
import type { ClientEvents, PolicyOverrides, RealtimeClient } from "./realtime-client.js";
import { asError, RealtimeError } from "./realtime-error.js";
import { recover, type ReconnectContext, type SyncTask } from "./recovery.js";
import { Requests } from "./requests.js";
import type { GapPayload, HealthPayload, ServerMessage, SessionReadyPayload } from "./server-messages.js";
import type { SocketConstructor } from "./socket.js";
import { Store } from "./store.js";
import { StreamPosition } from "./stream-position.js";
import { Subscriptions } from "./subscriptions.js";
import { readToken } from "./token.js";

// A function, not a class: its variables get short names when an application is minified.
export function createClient(options: ClientOptions = {}): RealtimeClient {
  const { token, logger } = options;
  const own = options.reconnect && { ...defaultPolicy, ...options.reconnect };
  const policies: PolicyOverrides = {};
  const events = new Emitter<ClientEvents>();
  const metrics = new ConnectionMetrics();
  const database = new DatabaseState();
  const health = new Store(connectionHealth("disconnected", false, null));
  const position = new StreamPosition();
  const syncTasks = new Set<SyncTask>();
  const afterSync = new Set<() => Promise<void>>();
  /** Grows with each session and each loss, so that work for an older one stops. */
  let sessions = 0;

  const socket = createConnection(
    {
      url: socketUrl(options.url),
      token,
      tokenIn: options.tokenIn ?? "subprotocol",
      WebSocket: options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined),
      connectTimeoutMs: options.connectTimeout ?? 10_000,
      policy: () =>
        policies.strong ?? own ?? policies.weak ?? connection.getSnapshot().session?.reconnect ?? defaultPolicy,
    },
    {
      authenticate: sendToken,
      ready,
      message: receive,
      malformed: () => {
        metrics.malformed();
        fail(new RealtimeError("BAD_FRAME", "The sidecar sent something that is no message."));
      },
      heard: () => heartbeat.heard(),
      lost,
      woken: () => heartbeat.check(),
    },
  );
  const connection = socket.state;
  const requests = new Requests(socket.send, options.requestTimeout ?? 10_000);
  const ask = requests.request.bind(requests);
  const subscriptions = new Subscriptions(ask);
  const heartbeat = new Heartbeat({
    ping: (t) => void socket.send({ type: "ping", payload: { t } }),
    latency: (ms) => {
      metrics.pong(ms);
      updateHealth();
    },
    dead: (error) => {
      updateHealth(true);
      socket.abandon(error);
    },
  });
  const host: ChannelHost = {
    add: (consumer) => subscriptions.add(consumer),
    publish,
    track: (channel, meta) => subscriptions.track(channel, meta),
  };
  connection.subscribe(() => {
    const { state, reason, attempts } = connection.getSnapshot();
    logger?.debug(`connection ${state}`, { reason, attempts });
    updateHealth();
  });

  const isConnected = (): boolean => connection.getSnapshot().state === "connected";

  function fail(error: Error): void {
    logger?.warn(error.message);
    events.emit("error", error);
  }

  function updateHealth(stale = false): void {
    health.patch(connectionHealth(connection.getSnapshot().state, stale, metrics.current().latency));
  }

  function ready(session: SessionReadyPayload): void {
    const { timing } = session;
    heartbeat.start({
      ...timing,
      pingIntervalMs: options.pingInterval ?? timing.pingIntervalMs,
      pongTimeoutMs: options.pongTimeout ?? timing.pongTimeoutMs,
      staleAfterMs: options.staleAfter ?? timing.staleAfterMs,
    });
    metrics.connected();
    const number = ++sessions;
    restore(session, () => number === sessions).catch((thrown: unknown) => {
      if (number === sessions) fail(asError(thrown));
    });
  }

  /** The order is: connected, state in sync, then what waits. */
  async function restore(session: SessionReadyPayload, current: () => boolean): Promise<void> {
    const first = !position.current;
    const recovered = await recover({ ask, current, gap: tellGap }, session, position, subscriptions);
    if (!current()) return;
    if (!first) {
      await sync({ recovered });
      if (!current()) return;
      events.emit("reconnected", { recovered });
    }
    for (const task of [...afterSync]) await task();
  }

  async function sync(context: ReconnectContext): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, options.syncTimeout ?? 30_000)));
    const run = async (task: SyncTask): Promise<void> => {
      try {
        await task(context);
      } catch (cause) {
        fail(new RealtimeError("SYNC_FAILED", `A sync task failed: ${asError(cause).message}`, { cause }));
      }
    };
    await Promise.race([Promise.all([...syncTasks].map(run)), limit]);
    clearTimeout(timer);
  }

  function receive(message: ServerMessage): void {
    metrics.message();
    if (message.type === "reply") requests.settle(message);
    if (message.type === "pong") heartbeat.pong(message.payload.t);
    if (!position.accept(message, subscriptions.any)) return;
    database.receive(message);
    events.emit("message", message);
    subscriptions.deliver(message);
    if (message.type === "stream:gap") {
      const gap = message.payload;
      position.gap(gap);
      tellGap(gap);
      // A gap within a reconnection is followed by the sync tasks anyway.
      if (gap.reason !== "epoch-changed" && gap.reason !== "too-old") void sync({ recovered: false, gap });
    }
    if (message.type === "auth:expiring" && typeof token === "function") {
      readToken(token).then((fresh) => fresh && sendToken(fresh), fail);
    }
  }

  function tellGap(gap: GapPayload): void {
    logger?.warn("the stream has a gap", gap);
    events.emit("gap", gap);
  }

  function sendToken(fresh: string): void {
    ask({ type: "auth", payload: { token: fresh } }).catch(fail);
  }

  function lost(error: RealtimeError): void {
    sessions += 1;
    heartbeat.stop();
    metrics.disconnected();
    database.lost();
    subscriptions.lost(position.current);
    requests.rejectAll(error);
    if (error.code !== "CLOSED") fail(error);
  }

  async function publish(channel: string, event: string, data?: unknown, messageId?: string): Promise<void> {
    // What is undefined is left out of the JSON.
    await ask({ type: "publish", channel, payload: { event, data, ...(messageId ? { messageId } : {}) } });
  }

  return {
    connection,
    database: database.store,
    health,
    metrics,
    policies,
    on: events.on.bind(events),
    connect: socket.connect,
    disconnect: socket.disconnect,
    reconnect: socket.reconnect,
    isConnected,
    channel: (name, more) => new Channel(name, host, more),
    removeChannel: (channel) => channel.unsubscribe(),
    publish,
    requestHealth: async () => (await ask({ type: "database:health:request" })) as unknown as HealthPayload,
    reconnectDatabase: () => ask({ type: "database:reconnect" }),
    addSync: (task) => register(syncTasks, task),
    addAfterSync: (task) => register(afterSync, task),
    fail,
  };
}

/** Returns the removal. */
function register<T>(set: Set<T>, item: T): () => void {
  set.add(item);
  return () => void set.delete(item);
}
