import type {
  DatabaseErrorPayload,
  DatabaseMode,
  DatabaseStatus,
  HealthPayload,
  ServerMessage,
} from "./server-messages.js";
import { Store, type ReadableStore } from "./store.js";

export interface DatabaseSnapshot {
  /** False while there is no connection to the sidecar: the rest is then the last that was heard. */
  live: boolean;
  /** Null before the first message. */
  status: DatabaseStatus | null;
  mode: DatabaseMode | null;
  message: string | null;
  /** ISO time of the status. */
  since: string | null;
  attempt: number | null;
  nextRetryMs: number | null;
  /** Operations that wait for the database. */
  queued: number;
  health: HealthPayload | null;
  /** The newest error; null again once the database is connected. */
  error: DatabaseErrorPayload | null;
}

/** The database's state machine as the sidecar tells it; never mixed with the socket's. */
export class DatabaseState {
  readonly #state = new Store<DatabaseSnapshot>({
    live: false,
    status: null,
    mode: null,
    message: null,
    since: null,
    attempt: null,
    nextRetryMs: null,
    queued: 0,
    health: null,
    error: null,
  });
  readonly store: ReadableStore<DatabaseSnapshot> = this.#state;

  lost(): void {
    this.#state.patch({ live: false });
  }

  /** What is replayed is past; the greeting told the present. */
  receive({ type, payload, replay }: ServerMessage): void {
    if (replay) return;
    if (type === "database:health") this.#state.patch({ live: true, health: payload, mode: payload.mode });
    if (type === "database:error") this.#state.patch({ live: true, error: payload });
    if (type !== "database:status") return;
    const { status, mode } = payload;
    const became = status === "connected" && this.#state.getSnapshot().status !== "connected";
    this.#state.patch({
      live: true,
      status,
      mode,
      message: payload.message ?? null,
      since: payload.timestamp,
      attempt: payload.attempt ?? null,
      nextRetryMs: payload.nextRetryMs ?? null,
      queued: payload.queued ?? 0,
      ...(became ? { error: null } : {}),
    });
  }
}
