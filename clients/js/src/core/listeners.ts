import type { BroadcastOptions, ChangeSpec, PresenceOptions } from "./client-messages.js";
import { changesChannel, operationsChannel, roomChannel } from "./channel-names.js";
import type { Consumer } from "./consumer.js";
import type { BroadcastPayload, ChangePayload, EventPayload, PresenceMap, PresenceMeta, Row } from "./server-messages.js";

/** A row change as listeners get it: `new` and `old` are always objects, empty where the server sent none. */
export type RowChange<T extends Row = Row> = Omit<ChangePayload, "new" | "old"> & { new: T; old: Partial<T> };

export interface Broadcast {
  event: string;
  payload: unknown;
  from?: string;
  messageId?: string;
}

export type PresenceEvent =
  | { event: "sync" }
  | { event: "join"; key: string; newPresences: PresenceMeta[] }
  | { event: "leave"; key: string; leftPresences: PresenceMeta[] };

export interface ElementFilter {
  action?: EventPayload["action"];
  /** The element's type. */
  type?: string;
}

export interface ChannelOptions {
  broadcast?: BroadcastOptions;
  presence?: PresenceOptions;
}

/** What Channel.on() was given. */
export interface Listening {
  name: string;
  kind: string;
  filter: Omit<Partial<ChangeSpec>, "event"> & ElementFilter & { event?: string };
  tell: (value: unknown) => void;
  options: ChannelOptions;
  /** Who is on the channel now. */
  present: (state: PresenceMap) => void;
}

/** The wish for the wire behind one listener. */
export function consumerOf({ name, kind, filter, tell, options, present }: Listening): Consumer {
  const { event, table = "", schema } = filter;
  switch (kind) {
    case "postgres_changes":
      return {
        channel: changesChannel(table, schema),
        type: "change",
        change: filter as ChangeSpec,
        deliver: (change: ChangePayload) => tell({ ...change, new: change.new ?? {}, old: change.old ?? {} }),
      };
    case "broadcast":
      return {
        channel: roomChannel(name),
        type: "broadcast",
        broadcast: options.broadcast,
        deliver: ({ data, ...more }: BroadcastPayload) => {
          if (event === "*" || event === more.event) tell({ ...more, payload: data });
        },
      };
    case "presence":
      return {
        channel: roomChannel(name),
        presence: options.presence ?? {},
        presenceChanged: (state, { joins, leaves }) => {
          present(state);
          const each = (map: PresenceMap, member: string): void =>
            Object.entries(map).forEach(([key, metas]) => tell({ event, key, [member]: metas }));
          if (event === "join") each(joins, "newPresences");
          else if (event === "leave") each(leaves, "leftPresences");
          else tell({ event });
        },
      };
    case "event":
      return {
        channel: name,
        type: "event",
        deliver: (payload: EventPayload) => {
          const { action, element } = payload;
          if ((filter.action ?? action) === action && (filter.type ?? element.type) === element.type) tell(payload);
        },
      };
    case "operation":
      return { channel: operationsChannel, type: "operation", deliver: tell };
    default:
      throw new TypeError(`A channel has no "${kind}"; it has postgres_changes, broadcast, presence, event, operation.`);
  }
}
