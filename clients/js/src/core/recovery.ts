import type { Request } from "./client-messages.js";
import type { GapPayload, SessionReadyPayload } from "./server-messages.js";
import type { StreamPosition } from "./stream-position.js";
import type { Subscriptions } from "./subscriptions.js";

/** What a task after a reconnection is told. */
export interface ReconnectContext {
  /** Nothing was missed on the channels: all of it has been replayed. */
  recovered: boolean;
  /** A gap that opened while the connection stood, not a reconnection. */
  gap?: GapPayload;
}

/** Brings the application up to date, by a full or a partial refetch; see StateSync. */
export type SyncTask = (context: ReconnectContext) => void | Promise<void>;

export interface RecoveryHost {
  ask(request: Request): Promise<Record<string, unknown>>;
  /** The session that began the work is still the current one. */
  current(): boolean;
  gap(gap: GapPayload): void;
}

/** Subscribes anew and asks for what was missed. Says whether nothing is missing. */
export async function recover(
  host: RecoveryHost,
  { epoch, head, features }: SessionReadyPayload,
  position: StreamPosition,
  subscriptions: Subscriptions,
): Promise<boolean> {
  const from = position.current && { ...position.current };
  if (!from || !subscriptions.any) {
    position.reset({ epoch, seq: head });
    await subscriptions.restore();
    return !from || from.epoch === epoch;
  }
  const same = from.epoch === epoch;
  if (same) position.beginRecovery();
  else position.reset({ epoch, seq: head });
  await subscriptions.restore();
  const resume = features.includes("resume") && host.current();
  const result = resume ? await host.ask({ type: "resume", payload: from }).catch(() => undefined) : undefined;
  if (!host.current()) return false;
  const seq = typeof result?.head === "number" ? result.head : head;
  const recovered = result?.recovered === true;
  if (recovered) position.recovered(seq);
  else if (same) position.reset({ epoch, seq });
  // The server's own stream:gap goes with an answer that says no; without an answer nobody else would tell.
  if (!result) host.gap({ reason: "unsupported", epoch, from: from.seq, to: seq });
  return recovered;
}
