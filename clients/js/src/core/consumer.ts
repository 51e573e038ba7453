import type { BroadcastOptions, ChangeSpec, PresenceOptions } from "./client-messages.js";
import type { PresenceChange } from "./presence-state.js";
import type { RealtimeError } from "./realtime-error.js";
import type { PresenceMap } from "./server-messages.js";

export type SubscriptionStatus = "SUBSCRIBED" | "CHANNEL_ERROR" | "TIMED_OUT" | "CLOSED";

/** One wish for one channel of the wire, and who hears what comes of it. */
export interface Consumer {
  channel: string;
  /** Which messages deliver() gets. */
  type?: "event" | "change" | "broadcast" | "operation";
  change?: ChangeSpec;
  broadcast?: BroadcastOptions | undefined;
  presence?: PresenceOptions;
  /** The payload of a message of that type. */
  deliver?(payload: never): void;
  presenceChanged?(state: PresenceMap, change: PresenceChange): void;
  status?(status: SubscriptionStatus, error?: RealtimeError): void;
}
