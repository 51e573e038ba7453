import { Store } from "@pgsidecar/client";
import type { Operation } from "../data/types.js";

const keep = 200;

export interface OperationsShown {
  /** Newest first. */
  rows: readonly Operation[];
  /** Came while paused. */
  waiting: number;
  paused: boolean;
  /** Ids of the rows that are new in this drawing; empty under heavy traffic, where all would be. */
  fresh: ReadonlySet<string>;
  /** Left out by the sidecar since the page was opened, because there were too many to show. */
  skipped: number;
  /** One of so many is shown, over the last seconds; 1 is all. */
  oneIn: number;
}

const windowMs = 10_000;
const calmMs = 500;
const nobody: ReadonlySet<string> = new Set();

/** The latest operations: a bounded list that can be held still. */
export class OperationLog {
  readonly cell = new Store<OperationsShown>({ rows: [], waiting: 0, paused: false, fresh: nobody, skipped: 0, oneIn: 1 });
  #arrived: Operation[] = [];
  readonly #known = new Set<string>();
  #skipped = 0;
  #sample: { at: number; shown: number; skipped: number }[] = [];
  #planned = false;
  #drawnAt = 0;

  /** draw: runs its argument before the next picture, so that many operations are one change. */
  constructor(
    private readonly draw: (task: () => void) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** From GET /api/operations, newest first. */
  seed(operations: readonly Operation[]): void {
    for (const operation of [...operations].reverse()) this.#take(operation);
    this.#plan();
  }

  /** skipped: how many the sidecar left out before this one. */
  add(operation: Operation, skipped = 0): void {
    this.#skipped += skipped;
    this.#sample.push({ at: this.now(), shown: 1, skipped });
    this.#take(operation);
    this.#plan();
  }

  togglePause(): void {
    this.cell.patch({ paused: !this.cell.getSnapshot().paused });
    this.#plan();
  }

  #take(operation: Operation): void {
    if (this.#known.has(operation.id)) return;
    this.#known.add(operation.id);
    this.#arrived.unshift(operation);
    if (this.#arrived.length > keep) this.#forget(this.#arrived.splice(keep));
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.draw(() => {
      this.#planned = false;
      this.#show();
    });
  }

  #show(): void {
    const { rows, paused } = this.cell.getSnapshot();
    const arrived = paused ? [] : this.#arrived.splice(0);
    const now = this.now();
    const calm = arrived.length <= 3 && now - this.#drawnAt > calmMs;
    if (arrived.length > 0) this.#drawnAt = now;
    const all = arrived.length > 0 ? [...arrived, ...rows] : rows;
    if (all.length > keep) this.#forget(all.slice(keep));
    this.cell.set({
      rows: all.length > keep ? all.slice(0, keep) : all,
      waiting: this.#arrived.length,
      paused,
      fresh: calm ? new Set(arrived.map(({ id }) => id)) : nobody,
      skipped: this.#skipped,
      oneIn: this.#oneIn(now),
    });
  }

  #oneIn(now: number): number {
    this.#sample = this.#sample.filter(({ at }) => now - at < windowMs);
    const shown = this.#sample.length;
    const skipped = this.#sample.reduce((sum, sample) => sum + sample.skipped, 0);
    return shown === 0 ? 1 : (shown + skipped) / shown;
  }

  #forget(gone: readonly Operation[]): void {
    for (const { id } of gone) this.#known.delete(id);
  }
}

/** True when the operation has the wanted text anywhere a person would look for it. */
export function matches(operation: Operation, wanted: string, failuresOnly: boolean): boolean {
  if (failuresOnly && operation.success) return false;
  const text = wanted.trim().toLowerCase();
  if (!text) return true;
  const { statement, table, type, error, service, sqlstate, user, database } = operation;
  return [statement, table, type, error, service, sqlstate, user, database].some((part) => part?.toLowerCase().includes(text));
}
