import type { Channel, ChannelOptions } from "./channel.js";
import type { ConnectionHealthStatus } from "./connection-health.js";
import type { ConnectionMetrics } from "./connection-metrics.js";
import type { ConnectionSnapshot } from "./connection-state.js";
import type { DatabaseSnapshot } from "./database-state.js";
import type { ReconnectContext, SyncTask } from "./recovery.js";
import type { GapPayload, HealthPayload, ReconnectPolicy, ServerMessage } from "./server-messages.js";
import type { ReadableStore } from "./store.js";

export interface ClientEvents {
  /** Every message of the server once, in order. */
  message: ServerMessage;
  /** Something was missed: refetch what the channels show. */
  gap: GapPayload;
  /** After a reconnection and its sync tasks. */
  reconnected: ReconnectContext;
  error: Error;
}

/** Whose reconnect policy holds: `strong`, else the application's, else `weak`, else the server's, else the default. */
export interface PolicyOverrides {
  strong?: ReconnectPolicy | undefined;
  weak?: ReconnectPolicy | undefined;
}

/** One connection to one sidecar and all that hangs on it. */
export interface RealtimeClient {
  readonly connection: ReadableStore<ConnectionSnapshot>;
  readonly database: ReadableStore<DatabaseSnapshot>;
  readonly health: ReadableStore<ConnectionHealthStatus>;
  readonly metrics: ConnectionMetrics;
  /** Kept by claimPolicy(). */
  readonly policies: PolicyOverrides;

  /** Returns the function that removes the listener. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void;
  /** Does nothing while a connection stands or is being made. */
  connect(): void;
  disconnect(): void;
  /** The user's own try: at once, with a fresh count of attempts. */
  reconnect(): void;
  isConnected(): boolean;

  /** A channel of its own; channelManager() has the shared ones. */
  channel(name: string, options?: ChannelOptions): Channel;
  removeChannel(channel: Channel): void;
  /** Resolves when the sidecar has taken it; rejects when there is no connection. */
  publish(channel: string, event: string, data?: unknown, messageId?: string): Promise<void>;
  /** A check of the database now. */
  requestHealth(): Promise<HealthPayload>;
  /** Asks the sidecar to connect to its database now; needs the scope `db:reconnect`. */
  reconnectDatabase(): Promise<Record<string, unknown>>;

  /** Runs after each reconnection and each gap, before what waits is sent. Returns the removal. */
  addSync(task: SyncTask): () => void;
  /** Runs on each connect when the state is in sync: the place of the offline queue. */
  addAfterSync(task: () => Promise<void>): () => void;
  /** Hands an error of something built on this client to its listeners. */
  fail(error: Error): void;
}
