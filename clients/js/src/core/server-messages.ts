/** What the server sends over `/ws`, major version 1. Receivers ignore members and types they do not know. */

export type DatabaseMode = "supabase" | "local" | "mock";
/** The database's state machine; the socket has its own, see ConnectionState. */
export type DatabaseStatus = "connecting" | "connected" | "disconnected" | "error";

interface Message<Type extends string, Payload> {
  type: Type;
  payload: Payload;
  id?: string;
  channel?: string;
  seq?: number;
  ts?: string;
  replay?: boolean;
}

export interface StatusPayload {
  mode: DatabaseMode;
  status: DatabaseStatus;
  timestamp: string;
  message?: string;
  connectionId?: string;
  attempt?: number;
  nextRetryMs?: number;
  /** Operations that wait for the database. */
  queued?: number;
}

export interface DatabaseErrorPayload {
  operation: string;
  error: string;
  message: string;
  recoverable: boolean;
  timestamp: string;
  sqlstate?: string;
  resolution?: string;
  service?: string;
  table?: string;
  operationId?: string;
  attempt?: number;
  final?: boolean;
}

export interface HealthPayload {
  healthy: boolean;
  /** Milliseconds. */
  latency: number;
  mode: DatabaseMode;
  timestamp: string;
  connectionId?: string;
  error?: string;
  details?: Record<string, unknown>;
}

export interface Timing {
  pingIntervalMs: number;
  pongTimeoutMs: number;
  staleAfterMs: number;
  healthIntervalMs: number;
}

/** How to reconnect: `min(baseMs * factor^attempt, maxMs)`, and 0 to `jitter` of it on top. */
export interface ReconnectPolicy {
  baseMs: number;
  factor: number;
  maxMs: number;
  /** 0 to 1. */
  jitter: number;
  /** 0: without end. */
  maxAttempts: number;
}

export type ChangeSource = "wal" | "notify" | "poll" | "proxy" | "none";

export interface SessionReadyPayload {
  version: 1;
  server?: string;
  sessionId: string;
  epoch: string;
  head: number;
  floor?: number;
  features: string[];
  changeSource?: ChangeSource;
  limits: Record<string, number>;
  timing: Timing;
  reconnect?: ReconnectPolicy;
  auth?: { subject?: string; role?: string; scopes?: string[]; expiresAt?: string };
}

export interface ErrorPayload {
  code: string;
  message: string;
  retryAfterMs?: number;
  recoverable?: boolean;
}

export interface ReplyPayload {
  ok: boolean;
  result?: Record<string, unknown>;
  error?: ErrorPayload;
}

/** What an `event` is about; `type` tells the kind: task, plan, agent ... */
export interface Element {
  type: string;
  id: string;
  [member: string]: unknown;
}

export interface EventPayload {
  action: "created" | "updated" | "deleted";
  element: Element;
  at?: string;
}

export type Row = Record<string, unknown>;

export interface ChangePayload {
  sub: number[];
  eventType: "INSERT" | "UPDATE" | "DELETE" | "TRUNCATE";
  schema: string;
  table: string;
  commitTimestamp: string;
  lsn?: string;
  xid?: number;
  new?: Row;
  old?: Row;
  columns?: { name: string; type: string }[];
  unchanged?: string[];
  errors?: string[] | null;
  source?: "wal" | "notify" | "poll" | "proxy";
}

export interface BroadcastPayload {
  event: string;
  data?: unknown;
  from?: string;
  messageId?: string;
}

export interface PresenceMeta {
  ref: string;
  prevRef?: string;
  [member: string]: unknown;
}
export type PresenceMap = Record<string, PresenceMeta[]>;

export interface OperationPayload {
  id: string;
  connectionId: string;
  type: "query" | "insert" | "update" | "delete" | "transaction";
  table?: string;
  service?: string;
  startTime: string;
  endTime?: string;
  durationMs?: number;
  success: boolean;
  error?: string;
  affectedRows?: number;
}

export type GapReason = "epoch-changed" | "too-old" | "slow-consumer" | "source-lost" | "source-switched";

export interface GapPayload {
  /** `unsupported`: the server cannot replay; said by this client, never by the server. */
  reason: GapReason | "unsupported";
  epoch: string;
  from: number;
  to: number;
  /** Absent: every channel. */
  channels?: string[];
}

export interface ByePayload {
  code: number;
  reason: string;
  reconnect: boolean;
  retryAfterMs?: number;
}

export type StatusMessage = Message<"database:status", StatusPayload>;
export type DatabaseErrorMessage = Message<"database:error", DatabaseErrorPayload>;
export type HealthMessage = Message<"database:health", HealthPayload>;
export type SessionReadyMessage = Message<"session:ready", SessionReadyPayload>;
export type ReplyMessage = Message<"reply", ReplyPayload> & { id: string };
export type EventMessage = Message<"event", EventPayload> & { channel: string; seq: number };
export type ChangeMessage = Message<"change", ChangePayload> & { channel: string; seq: number };
export type BroadcastMessage = Message<"broadcast", BroadcastPayload> & { channel: string };
export type PresenceStateMessage = Message<"presence:state", { state: PresenceMap }> & { channel: string };
export type PresenceDiffMessage = Message<"presence:diff", { joins: PresenceMap; leaves: PresenceMap }> & {
  channel: string;
};
export type OperationMessage = Message<"operation", OperationPayload> & { channel: string };
export type GapMessage = Message<"stream:gap", GapPayload>;
export type WarningMessage = Message<"system:warning", { code: string; message: string; timestamp?: string }>;
export type AuthExpiringMessage = Message<"auth:expiring", { expiresAt: string }>;
export type PongMessage = Message<"pong", { t: number; serverTime: number }>;
export type ByeMessage = Message<"bye", ByePayload>;

/** Messages that belong to a channel the client subscribed to. */
export type ChannelMessage =
  | EventMessage
  | ChangeMessage
  | BroadcastMessage
  | PresenceStateMessage
  | PresenceDiffMessage
  | OperationMessage;

export type ServerMessage =
  | StatusMessage
  | DatabaseErrorMessage
  | HealthMessage
  | SessionReadyMessage
  | ReplyMessage
  | ChannelMessage
  | GapMessage
  | WarningMessage
  | AuthExpiringMessage
  | PongMessage
  | ByeMessage;
