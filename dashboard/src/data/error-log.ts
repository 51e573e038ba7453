import { Store, type DatabaseErrorPayload } from "@pgsidecar/client";
import type { Operation } from "./types.js";

const keep = 100;

/** One thing that went wrong, of the database itself or of one operation. */
export interface Fault {
  key: string;
  at: number;
  kind: "database" | "operation";
  /** What was being done: connect, flush, insert ... */
  doing: string;
  code: string;
  message: string;
  /** What to do about it. */
  resolution?: string | undefined;
  table?: string | undefined;
  service?: string | undefined;
  statement?: string | undefined;
  /** How often it came in a row, the database's only. */
  times: number;
}

/** The latest errors, newest first. */
export class ErrorLog {
  readonly cell = new Store<readonly Fault[]>([]);
  /** Keys of what was taken, for the same error comes by several ways. */
  readonly #seen = new Set<string>();

  database(error: DatabaseErrorPayload): void {
    const { operation, error: code, message, resolution, table, service, timestamp, sqlstate } = error;
    const word = sqlstate ? `${code} ${sqlstate}` : code;
    this.#add({
      key: `d${timestamp}${code}`,
      at: Date.parse(timestamp),
      kind: "database",
      doing: operation,
      code: word,
      message,
      resolution,
      table,
      service,
      times: 1,
    });
  }

  operation(operation: Operation): void {
    if (operation.success) return;
    const { id, type, error, sqlstate, table, service, statement, startTime, endTime, outcome } = operation;
    this.#add({
      key: `o${id}`,
      at: Date.parse(endTime ?? startTime),
      kind: "operation",
      doing: type,
      code: sqlstate ?? (outcome === "unknown" ? "outcome unknown" : "failed"),
      message: error ?? "It failed without saying why.",
      table,
      service,
      statement,
      times: 1,
    });
  }

  /** An attempt that fails again and again in the same words is one row with a number. */
  #add(fault: Fault): void {
    if (this.#seen.has(fault.key)) return;
    if (this.#seen.size >= 10 * keep) this.#seen.clear();
    this.#seen.add(fault.key);
    const sorted = [fault, ...this.cell.getSnapshot()].sort((a, b) => b.at - a.at);
    const place = sorted.indexOf(fault);
    const older = sorted[place + 1];
    if (older && place === 0 && isRepetition(fault, older)) {
      sorted.splice(0, 2, { ...fault, times: older.times + 1 });
    }
    this.cell.set(sorted.slice(0, keep));
  }
}

function isRepetition(fault: Fault, older: Fault): boolean {
  return fault.kind === "database" && older.kind === "database" && fault.doing === older.doing && fault.message === older.message;
}
