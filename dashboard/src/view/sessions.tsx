import { useState, type ReactElement } from "react";
import type { PoolsAnswer, SessionRow, SessionsAnswer } from "../data/types.js";
import { capital, count, none, plural, span } from "../lib/format.js";
import { sorted } from "../lib/sort.js";
import { useConfirm } from "./confirm.js";
import { useSidecar } from "./context.js";
import { DataTable, type Column, type Sort } from "./data-table.js";
import { Empty, Panel, staleNote, Unavailable } from "./panel.js";
import { Pools } from "./pools.js";
import { useOnScreen } from "./use-on-screen.js";
import { useResource } from "./use-resource.js";

const states = ["active", "waiting", "idle", "login", "console"];

const values: Record<string, (row: SessionRow) => string | number | null> = {
  id: (row) => row.id,
  user: (row) => row.user,
  application: (row) => row.application,
  state: (row) => row.state,
  age: (row) => row.ageMs,
  pins: (row) => row.pinReasons.length,
};

/** Who is connected, doing what, and why they keep a server connection. */
export function Sessions(): ReactElement {
  const [panel, seen] = useOnScreen<HTMLElement>();
  const [state, setState] = useState("");
  const [sort, setSort] = useState<Sort | null>(null);
  const path = state ? `api/sessions?state=${state}` : "api/sessions";
  const { data, fault, refresh } = useResource<SessionsAnswer>(path, 3000, seen);
  const pools = useResource<PoolsAnswer>("api/pools", 5000, seen);
  const kill = useKill(refresh);
  const columns = columnsOf(data, kill);
  const rows = data ? (sort ? sorted(data.sessions, values[sort.key] ?? (() => null), sort.descending) : data.sessions) : [];
  return (
    <Panel
      id="sessions"
      title="Sessions"
      note={data ? [describe(data), staleNote(fault)].filter(Boolean).join(", ") : ""}
      ref={panel}
      tools={
        <label className="field">
          State{" "}
          <select id="session-state" value={state} onChange={({ currentTarget }) => setState(currentTarget.value)}>
            <option value="">all</option>
            {states.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      }
    >
      {pools.data && <Pools answer={pools.data} />}
      {data === null ? (
        <Unavailable fault={fault} />
      ) : rows.length === 0 ? (
        <Empty title={state ? `No session is ${state}` : "No client is connected"} />
      ) : (
        <div className="tall" tabIndex={0} role="group" aria-label="Sessions, scrolls">
          <DataTable
            caption="Client sessions"
            className="sessions"
            bodyId="session-rows"
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            onSort={setSort}
            {...(sort ? { sort } : {})}
          />
        </div>
      )}
    </Panel>
  );
}

function describe({ total, sessions, truncated }: SessionsAnswer): string {
  return truncated ? `the first ${count(sessions.length)} of ${count(total)}` : plural(total, "client");
}

function useKill(refresh: () => Promise<void>): (row: SessionRow) => Promise<void> {
  const sidecar = useSidecar();
  const confirm = useConfirm();
  return async ({ id, user, application }) => {
    const who = application ? `${application} (${user})` : user;
    const text = `Ends the connection of ${who} and cancels its statement. The client sees error 57P01.`;
    if (!(await confirm({ title: `End session ${id}?`, text, action: "End session" }))) return;
    try {
      await sidecar.api.post("api/sessions/kill", { id });
      sidecar.tell("success", `Session ${id} was ended.`);
    } catch (fault) {
      sidecar.tell("error", `Session ${id} was not ended: ${(fault as Error).message}`);
    }
    await refresh();
  };
}

function columnsOf(data: SessionsAnswer | null, kill: (row: SessionRow) => Promise<void>): Column<SessionRow>[] {
  const now = data?.nowMs ?? 0;
  const columns: Column<SessionRow>[] = [
    { key: "id", title: "Id", numeric: true, sortable: true, className: "w-rows", cell: ({ id }) => id },
    { key: "application", title: "Application", sortable: true, cell: (row) => <Who row={row} /> },
    { key: "user", title: "User and database", sortable: true, cell: ({ user, database }) => `${user} → ${database}` },
    { key: "state", title: "State", sortable: true, className: "w-outcome", cell: (row) => <State row={row} now={now} /> },
    { key: "pins", title: "Keeps its server connection for", sortable: true, className: "w-pins", cell: (row) => <Pins row={row} /> },
    { key: "age", title: "Age", numeric: true, sortable: true, className: "w-number", cell: ({ ageMs }) => span(ageMs) },
  ];
  if (data?.mayKill) columns.push({ key: "kill", title: "Action", className: "w-action", cell: (row) => <Kill row={row} kill={kill} /> });
  return columns;
}

function Who({ row: { application, address, port, tls } }: { row: SessionRow }): ReactElement {
  const from = address === "unix" ? "unix socket" : `${address}:${port}`;
  return (
    <>
      {application || none}
      <span className="about">
        {from}
        {tls ? `, ${tls}` : ""}
      </span>
    </>
  );
}

function State({ row: { state, transaction, waitingSinceMs }, now }: { row: SessionRow; now: number }): ReactElement {
  return (
    <>
      <span className="state" data-state={state}>
        {capital(state)}
        {waitingSinceMs !== null && ` for ${span(now - waitingSinceMs)}`}
      </span>
      {transaction !== "none" && <span className={transaction === "failed" ? "why" : "about"}>transaction {transaction}</span>}
    </>
  );
}

function Pins({ row: { pinReasons, serverPid } }: { row: SessionRow }): ReactElement {
  if (serverPid === null && pinReasons.length === 0) return <>{none}</>;
  return (
    <>
      {pinReasons.map((reason) => (
        <span key={reason} className="chip">
          {reason.replaceAll("_", " ")}
        </span>
      ))}
      {serverPid !== null && <span className="about">server {serverPid}</span>}
    </>
  );
}

function Kill({ row, kill }: { row: SessionRow; kill: (row: SessionRow) => Promise<void> }): ReactElement {
  return (
    <button type="button" className="small" aria-label={`End session ${row.id}`} onClick={() => void kill(row)}>
      End
    </button>
  );
}
