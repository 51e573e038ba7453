/** Channels of element events that every server has; `messages:<id>` and `inbox:<id>` come on top. */
export const eventChannels = [
  "tasks",
  "plans",
  "workflows",
  "entities",
  "documents",
  "channels",
  "messages",
  "teams",
  "inbox",
  "agents",
] as const;

/** Every event channel the token may read. */
export const allEvents = "*";

export const operationsChannel = "database:operations";

/** The channel of one table's row changes. */
export function changesChannel(table: string, schema = "public"): string {
  return `db:${schema}.${table}`;
}

/** The channel of broadcast and presence: names without a colon live below `room:`. */
export function roomChannel(name: string): string {
  return name.includes(":") ? name : `room:${name}`;
}

/** An event on `messages:7` also reaches those who listen on `messages` or `*`. */
export function coversEvent(subscribed: string, channel: string): boolean {
  return subscribed === channel || subscribed === allEvents || channel.startsWith(`${subscribed}:`);
}
