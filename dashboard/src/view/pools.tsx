import type { ReactElement } from "react";
import type { PoolRow, PoolsAnswer } from "../data/types.js";
import { count, span } from "../lib/format.js";
import { DataTable, type Column } from "./data-table.js";

const columns: readonly Column<PoolRow>[] = [
  { key: "name", title: "Pool", cell: ({ user, database }) => `${user} → ${database}` },
  { key: "state", title: "State", cell: ({ state }) => <span className="state" data-state={state}>{state}</span> },
  { key: "clients", title: "Clients", numeric: true, cell: ({ clients }) => count(clients) },
  { key: "waiting", title: "Waiting", numeric: true, cell: ({ clientsWaiting }) => count(clientsWaiting) },
  { key: "active", title: "Servers active", numeric: true, cell: ({ serversActive }) => count(serversActive) },
  { key: "idle", title: "Idle", numeric: true, cell: ({ serversIdle }) => count(serversIdle) },
  { key: "size", title: "Size", numeric: true, cell: ({ size }) => count(size) },
  { key: "wait", title: "Longest wait", numeric: true, cell: ({ longestWaitMs }) => (longestWaitMs > 0 ? span(longestWaitMs) : "0") },
];

/** Server connections by user and database. */
export function Pools({ answer }: { answer: PoolsAnswer }): ReactElement | null {
  if (answer.pools.length === 0) return null;
  return (
    <div className="sub">
      <DataTable
        caption={`Pools, mode ${answer.poolMode}`}
        className="pools"
        columns={columns}
        rows={answer.pools}
        rowKey={({ user, database }) => `${user} ${database}`}
      />
    </div>
  );
}
