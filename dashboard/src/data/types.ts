// The answers of docs/api.md, as far as the page reads them.
import type { DatabaseErrorPayload, HealthPayload, OperationPayload, StatusPayload } from "@pgsidecar/client";

/** What is not known at the moment. */
export type Maybe<T> = T | null;

export interface Activity {
  statementsTotal: number;
  errorsTotal: number;
  transactionsTotal: number;
  operationsLostTotal: number;
  statementMsTotal: number;
  clients: number;
  clientsWaiting: number;
  maxClients: number;
  servers: number;
  serversActive: number;
  poolSize: number;
  poolMode: string;
}

export interface StatusAnswer {
  server: string;
  startedAt: string;
  now: string;
  connection: { mode: string; status: string; errorCount: number; lastError?: string };
  status: StatusPayload;
  health?: HealthPayload;
  error?: DatabaseErrorPayload;
  activity: Activity;
  sockets: number;
  mayReconnect?: boolean;
}

export const historyColumns = [
  "statementsPerSecond",
  "failedPerSecond",
  "p50Ms",
  "p99Ms",
  "poolWaitP99Ms",
  "poolWaitShare",
  "clients",
  "clientsWaiting",
  "serversInUse",
  "serversOpen",
  "healthLatencyMs",
  "connected",
  "queueEntries",
  "queueOldestAgeMs",
  "feedClients",
] as const;
export type HistoryColumn = (typeof historyColumns)[number];

export interface HistoryAnswer {
  nowMs: number;
  startedAtMs: number;
  stepMs: number;
  seconds: number;
  samples: { atMs: number[] } & Partial<Record<HistoryColumn, Maybe<number>[]>>;
}

/** An operation of the feed and of /api/operations: the contract's members and what the sidecar adds. */
export interface Operation extends OperationPayload {
  statement?: string;
  outcome?: "success" | "failure" | "unknown";
  sqlstate?: string;
  user?: string;
  database?: string;
  poolWaitMs?: number;
  rowsReturned?: number;
}

export interface TopStatement {
  fingerprint: string;
  statement: string;
  service: string;
  type: string;
  table: Maybe<string>;
  calls: number;
  errors: number;
  rows: number;
  totalMs: number;
  meanMs: number;
  p99Ms: Maybe<number>;
  maxMs: number;
  poolWaitMs: number;
  lastAtMs: number;
}

export interface TopAnswer {
  nowMs: number;
  sinceMs: number;
  tracked: number;
  evictedTotal: number;
  recordsLostTotal: number;
  callsTotal: number;
  totalMs: number;
  statements: TopStatement[];
}

export type TopOrder = "total" | "calls" | "mean" | "max" | "p99" | "errors" | "rows";

export interface SessionRow {
  id: number;
  user: string;
  database: string;
  application: string;
  state: string;
  transaction: string;
  connectedAtMs: number;
  ageMs: number;
  waitingSinceMs: Maybe<number>;
  serverPid: Maybe<number>;
  pinReasons: string[];
  preparedStatements: number;
  address: string;
  port: number;
  tls: Maybe<string>;
}

export interface SessionsAnswer {
  nowMs: number;
  total: number;
  truncated: boolean;
  mayKill: boolean;
  sessions: SessionRow[];
}

export interface PoolRow {
  database: string;
  user: string;
  state: string;
  clients: number;
  clientsWaiting: number;
  serversActive: number;
  serversIdle: number;
  serversLogin: number;
  size: number;
  longestWaitMs: number;
}

export interface PoolsAnswer {
  poolMode: string;
  total: number;
  truncated: boolean;
  pools: PoolRow[];
}

export interface QueueEntry {
  sequence: number;
  state: "waiting" | "dead";
  acceptedAtMs: number;
  ageMs: number;
  policy: string;
  verb: string;
  tables: string[];
  statements: number;
  rows: number;
  bytes: number;
  user: string;
  database: string;
  application: string;
  error: Maybe<{ sqlstate: Maybe<string>; message: string; diedAtMs: number }>;
  damaged: boolean;
}

export interface QueueAnswer {
  nowMs: number;
  mayChange: boolean;
  enabled: boolean;
  problem: Maybe<string>;
  waiting: number;
  dead: number;
  bytes: number;
  oldestAgeMs: Maybe<number>;
  flushing: boolean;
  flushPerSecond: number;
  blocked: Maybe<string>;
  appliedTotal: number;
  entries: QueueEntry[];
  nextEntry: Maybe<number>;
  deadLetters: QueueEntry[];
  nextDeadLetter: Maybe<number>;
}

export interface QueueDone {
  ok: boolean;
  done: number;
  refused: number;
  remaining: number;
}

export interface Listener {
  name: string;
  address: string;
  port: number;
  tls: Maybe<string>;
}

export interface Setting {
  key: string;
  value: string;
  default: string;
  reloadable: boolean;
  source: string;
}

export interface ConfigAnswer {
  nowMs: number;
  startedAtMs: number;
  uptimeMs: number;
  version: string;
  mayReload: boolean;
  poolMode: string;
  upstream: string;
  upstreamTls: string;
  changeSource: { origin: string; live: boolean };
  lastReload: { ok: boolean; atMs: number };
  listeners: Listener[];
  settings: Setting[];
}

export interface ReloadAnswer {
  ok: boolean;
  changed: string[];
  needsRestart: string[];
  warnings: string[];
}
