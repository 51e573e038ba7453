/** What the client sends over `/ws`. A message with an `id` is answered by a `reply`. */

/** Which changes of one table; `filter` reads `column=op.value`, several joined by commas. */
export interface ChangeSpec {
  event?: "*" | "INSERT" | "UPDATE" | "DELETE";
  schema?: string;
  table: string;
  filter?: string;
  select?: string[];
}

/** A place in the stream of sequenced messages. */
export interface Position {
  epoch: string;
  seq: number;
}

export interface BroadcastOptions {
  /** Hear one's own messages too. */
  self?: boolean;
  ack?: boolean;
}

export interface PresenceOptions {
  enabled?: boolean;
  key?: string;
}

export interface SubscribePayload {
  channels?: string[];
  changes?: ChangeSpec[];
  broadcast?: BroadcastOptions;
  presence?: PresenceOptions;
  since?: Position;
  wait?: boolean;
  waitTimeoutMs?: number;
}

export interface PublishPayload {
  event: string;
  data?: unknown;
  messageId?: string;
}

/** Requests: the client adds the `id`. */
export type Request =
  | { type: "database:health:request" }
  | { type: "database:reconnect" }
  | { type: "auth"; payload: { token: string } }
  | { type: "subscribe"; channel: string; payload?: SubscribePayload }
  | { type: "unsubscribe"; channel: string }
  | { type: "publish"; channel: string; payload: PublishPayload }
  | { type: "presence:track"; channel: string; payload: { meta: Record<string, unknown> } }
  | { type: "presence:untrack"; channel: string }
  | { type: "resume"; payload: Position & { channels?: string[] } };

export type ClientMessage = (Request & { id: string }) | { type: "ping"; payload: { t: number } };
