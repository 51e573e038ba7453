import type { Row } from "./server-messages.js";

export interface MergeStrategy {
  kind: "merge";
  /** Local unsaved fields that are kept. */
  fields: readonly string[];
  /** Lists of which both sides' members are kept. */
  union: readonly string[];
}

/** `lww`: the newer updated_at wins as a whole. */
export type ConflictStrategy = "server" | "client" | "lww" | MergeStrategy;

/** Keeps `fields` and unites `union` when the local row is newer; a newer server row wins. */
export function merge(fields: readonly string[] = ["notes"], union: readonly string[] = ["tags"]): MergeStrategy {
  return { kind: "merge", fields, union };
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const serverIsNewer = (local: Row, server: Row): boolean =>
  Date.parse(String(server.updated_at)) > Date.parse(String(local.updated_at));

export function resolveConflict<T extends Row>(local: T, server: T, strategy: ConflictStrategy = merge()): T {
  if (strategy === "server") return server;
  if (strategy === "client") return local;
  if (serverIsNewer(local, server)) return server;
  if (strategy === "lww") return local;
  const merged: Row = { ...server };
  for (const field of strategy.fields) if (field in local) merged[field] = local[field];
  for (const field of strategy.union) {
    if (field in local || field in server) merged[field] = [...new Set([...list(local[field]), ...list(server[field])])];
  }
  return merged as T;
}

export interface ConflictResolverOptions {
  /** By table; others take the default, merge(). */
  strategies?: Record<string, ConflictStrategy>;
  /** The result is not simply the server's row. */
  onMerged?: (table: string, merged: Row) => void;
}

/** Decides between a server row and a local one with pending changes. */
export class ConflictResolver {
  constructor(private readonly options: ConflictResolverOptions = {}) {}

  /** `local` undefined: nothing pending there, so the server's row holds. */
  resolve<T extends Row>(table: string, server: T, local: T | undefined): T {
    if (!local) return server;
    const result = resolveConflict(local, server, this.options.strategies?.[table]);
    if (result !== server) this.options.onMerged?.(table, result);
    return result;
  }
}
