import type { Request } from "./client-messages.js";
import { RealtimeError } from "./realtime-error.js";
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
  session: SessionReadyPayload,
  position: StreamPosition,
  subscriptions: Subscriptions,
): Promise<boolean> {
  const from = position.current && { ...position.current };
  const { epoch, head } = session;
  if (!from || !subscriptions.any) {
    position.reset({ epoch, seq: head });
    await subscriptions.restore();
    return !from || from.epoch === epoch;
  }
  position.beginRecovery();
  await subscriptions.restore();
  if (!host.current()) return false;
  if (!session.features.includes("resume")) {
    position.reset({ epoch, seq: head });
    host.gap({ reason: "unsupported", epoch, from: from.seq, to: head });
    return false;
  }
  return resume(host, session, position, from);
}

async function resume(
  host: RecoveryHost,
  { epoch }: SessionReadyPayload,
  position: StreamPosition,
  from: { epoch: string; seq: number },
): Promise<boolean> {
  const result = await host.ask({ type: "resume", payload: from }).catch((thrown: unknown) => {
    if (thrown instanceof RealtimeError && host.current()) return { recovered: false };
    throw thrown;
  });
  const head = "head" in result && typeof result.head === "number" ? result.head : from.seq;
  if (result.recovered === true) {
    position.recovered(head);
    return true;
  }
  // The server's stream:gap says it too; this one is for the case that resume itself failed.
  const told = position.current?.epoch === epoch && from.epoch !== epoch;
  position.reset({ epoch, seq: head });
  if (!told && !("head" in result)) host.gap({ reason: "unsupported", epoch, from: from.seq, to: head });
  return false;
}
