import type { ConnectionSnapshot, DatabaseErrorPayload, DatabaseSnapshot, StatusPayload } from "@pgsidecar/client";
import { useStore } from "@pgsidecar/client/react";
import { useMemo } from "react";
import { openOutage } from "../lib/outages.js";
import type { Known } from "../lib/verdict.js";
import { useSidecar } from "./context.js";

/** Operations whose failure tells about the database as a whole. */
const general = new Set(["connect", "health", "reconnect"]);

/** What is known of the database: from the feed where it is open, else from polling. */
export function useKnown(): Known & { connection: ConnectionSnapshot } {
  const { client, status, contact, history, queue, token } = useSidecar();
  const connection = useStore(client.connection);
  const database = useStore(client.database);
  const polled = useStore(status);
  const { ok, lostAt } = useStore(contact);
  const spool = useStore(queue);
  const past = useStore(history);
  const awaySince = useMemo(() => (past ? openOutage(past) : null), [past]);
  const locked = useStore(token) !== "fine";
  const live = connection.state === "connected" && database.live;
  const error = (live ? database.error : polled?.error) ?? null;
  return {
    connection,
    locked,
    contact: live || ok,
    lostAt: live ? null : lostAt,
    status: (live ? statusOf(database) : null) ?? polled?.status ?? statusOf(database),
    error: isGeneral(error) ? error : null,
    health: (live ? database.health : null) ?? polled?.health ?? null,
    awaySince: awaySince === null ? null : new Date(awaySince).toISOString(),
    deadLetters: spool?.dead ?? 0,
  };
}

function isGeneral(error: DatabaseErrorPayload | null): boolean {
  return error !== null && general.has(error.operation);
}

function statusOf({ status, mode, since, message, attempt, nextRetryMs, queued }: DatabaseSnapshot): StatusPayload | null {
  if (!status || !mode || !since) return null;
  return {
    status,
    mode,
    timestamp: since,
    queued,
    ...(message === null ? {} : { message }),
    ...(attempt === null ? {} : { attempt }),
    ...(nextRetryMs === null ? {} : { nextRetryMs }),
  };
}
