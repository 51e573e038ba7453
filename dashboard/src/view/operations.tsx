import { useStore } from "@pgsidecar/client/react";
import { useEffect, useMemo, useState, type ReactElement } from "react";
import type { Operation } from "../data/types.js";
import { count, decimal, duration, none, preciseClock } from "../lib/format.js";
import { matches, type OperationsShown } from "../lib/operation-log.js";
import { useSidecar } from "./context.js";
import { DataTable, type Column } from "./data-table.js";
import { Empty, Panel } from "./panel.js";
import { SearchField } from "./search-field.js";

const slowMs = 100;
const words = { success: "✓ ok", failure: "✕ failed", unknown: "? unknown" };

const columns: readonly Column<Operation>[] = [
  { key: "time", title: "Time", className: "time", cell: ({ startTime }) => preciseClock(startTime) },
  { key: "type", title: "Type", className: "w-type", cell: ({ type }) => <TypeWord type={type} /> },
  { key: "table", title: "Table", className: "w-table", cell: ({ table }) => table ?? none },
  { key: "statement", title: "Statement", className: "statement", cell: (operation) => <StatementText {...operation} /> },
  { key: "duration", title: "Duration", numeric: true, className: "w-number", cell: (operation) => <Took {...operation} /> },
  { key: "rows", title: "Rows", numeric: true, className: "w-rows", cell: rowsOf },
  { key: "outcome", title: "Outcome", className: "w-outcome", cell: (operation) => <Outcome {...operation} /> },
];

/** The newest statements as they end. */
export function Operations(): ReactElement {
  const { operations, operationsFault, status } = useSidecar();
  const shown = useStore(operations.cell);
  const fault = useStore(operationsFault);
  const lost = useStore(status)?.activity.operationsLostTotal ?? 0;
  const [wanted, setWanted] = useState("");
  const [failuresOnly, setFailuresOnly] = useState(false);
  usePauseKey(() => operations.togglePause());
  const rows = useMemo(
    () => shown.rows.filter((operation) => matches(operation, wanted, failuresOnly)),
    [shown.rows, wanted, failuresOnly],
  );
  return (
    <Panel
      id="operations"
      title="Live operations"
      note={describe(shown, rows.length, lost)}
      tools={
        <>
          <SearchField id="filter" placeholder="Filter" label="Filter by statement, table or error" value={wanted} onChange={setWanted} />
          <label className="toggle">
            <input type="checkbox" id="failures" checked={failuresOnly} onChange={() => setFailuresOnly(!failuresOnly)} /> Failures only
          </label>
          <button type="button" id="pause" aria-pressed={shown.paused} aria-keyshortcuts="p" onClick={() => operations.togglePause()}>
            {pauseText(shown)}
          </button>
        </>
      }
    >
      {shown.rows.length === 0 ? (
        <Nothing fault={fault} />
      ) : rows.length === 0 ? (
        <Empty title="Nothing matches">Of the {count(shown.rows.length)} operations shown last, none has that.</Empty>
      ) : (
        <div className="tall" tabIndex={0} role="group" aria-label="Live operations, scrolls">
          <DataTable
            caption="The latest database operations, newest first"
            className="operations"
            bodyId="rows"
            columns={columns}
            rows={rows}
            rowKey={({ id }) => id}
            rowClass={({ id }) => (shown.fresh.has(id) ? "fresh" : undefined)}
          />
        </div>
      )}
    </Panel>
  );
}

function Nothing({ fault }: { fault: string | null }): ReactElement {
  if (fault) return <Empty title="No operations to show">{fault}</Empty>;
  return (
    <Empty title="No operations yet">
      Point your app&rsquo;s <code>DATABASE_URL</code> at this sidecar and run a statement; it shows up here at once. Values
      never do: statements are shown without their literals.
    </Empty>
  );
}

/** lost: were too many to be recorded at all, since the sidecar's start. */
function describe({ rows, skipped, oneIn }: OperationsShown, matching: number, lost: number): string {
  const parts: string[] = [];
  if (matching !== rows.length) parts.push(`${count(matching)} of ${count(rows.length)} match`);
  if (oneIn > 1.05) parts.push(`busy: about 1 in ${oneIn < 10 ? decimal(oneIn) : count(oneIn)} shown`);
  if (skipped > 0) parts.push(`${count(skipped)} left out by sampling`);
  if (lost > 0) parts.push(`${count(lost)} dropped unrecorded`);
  return parts.join(", ");
}

function pauseText({ paused, waiting }: OperationsShown): string {
  if (!paused) return "Pause";
  return waiting > 0 ? `Resume (${waiting >= 200 ? "200+" : waiting} new)` : "Resume";
}

/** The key p, where it does not mean the letter. */
function usePauseKey(toggle: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const typing = (event.target as Element).matches("input:not([type=checkbox]), textarea, select, dialog *");
      if (event.key !== "p" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      toggle();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });
}

export function TypeWord({ type }: { type: string }): ReactElement {
  return (
    <span className="type" data-type={type}>
      {type}
    </span>
  );
}

export function StatementText({ statement, service }: { statement?: string; service?: string }): ReactElement {
  const title = [statement, service && `from ${service}`].filter(Boolean).join("\n");
  return (
    <span className="clamp" title={title}>
      {statement || "(text not seen)"}
    </span>
  );
}

function Took({ durationMs }: Operation): ReactElement {
  return <span className={durationMs !== undefined && durationMs >= slowMs ? "slow" : ""}>{duration(durationMs)}</span>;
}

function rowsOf({ type, affectedRows, rowsReturned }: Operation): string {
  return type === "transaction" ? none : count(affectedRows ?? rowsReturned);
}

function Outcome({ outcome, success, sqlstate, error }: Operation): ReactElement {
  const known = outcome ?? (success ? "success" : "failure");
  return (
    <>
      <span className="outcome" data-outcome={known}>
        {words[known] ?? known}
        {sqlstate && !success ? ` ${sqlstate}` : ""}
      </span>
      {error && <span className="why">{error}</span>}
    </>
  );
}
