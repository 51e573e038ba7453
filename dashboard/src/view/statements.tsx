import { useState, type ReactElement } from "react";
import type { TopAnswer, TopOrder, TopStatement } from "../data/types.js";
import { clock, count, duration, none, percent } from "../lib/format.js";
import { sorted } from "../lib/sort.js";
import { DataTable, type Column, type Sort } from "./data-table.js";
import { StatementText } from "./operations.js";
import { Empty, Panel, staleNote, Unavailable } from "./panel.js";
import { useOnScreen } from "./use-on-screen.js";
import { useResource } from "./use-resource.js";

const values: Record<TopOrder, (row: TopStatement) => number | null> = {
  total: (row) => row.totalMs,
  calls: (row) => row.calls,
  mean: (row) => row.meanMs,
  p99: (row) => row.p99Ms,
  max: (row) => row.maxMs,
  rows: (row) => row.rows,
  errors: (row) => row.errors,
};

/** Which statements cost most: by text and service. */
export function Statements(): ReactElement {
  const [panel, seen] = useOnScreen<HTMLElement>();
  const [sort, setSort] = useState<Sort>({ key: "total", descending: true });
  const order = sort.key as TopOrder;
  // The sidecar chooses the first ones by this order; what it then shows can be turned round here.
  const { data, fault } = useResource<TopAnswer>(`api/top?order=${order}`, 5000, seen);
  const note = data ? [`since ${clock(data.sinceMs)}`, evicted(data), staleNote(fault)].filter(Boolean).join(", ") : "";
  return (
    <Panel id="statements" title="Top statements" note={note} ref={panel}>
      {data === null ? (
        <Unavailable fault={fault} />
      ) : data.statements.length === 0 ? (
        <Empty title="No statement yet">Each text that runs through the sidecar gets a row here.</Empty>
      ) : (
        <div className="tall" tabIndex={0} role="group" aria-label="Top statements, scrolls">
          <DataTable
            caption="The statements that cost most"
            className="statements"
            bodyId="top-rows"
            columns={columnsOf(data)}
            rows={sorted(data.statements, values[order], sort.descending)}
            rowKey={({ fingerprint, service, statement }) => `${fingerprint} ${service} ${statement}`}
            sort={sort}
            onSort={setSort}
          />
        </div>
      )}
    </Panel>
  );
}

function evicted({ evictedTotal, tracked, recordsLostTotal }: TopAnswer): string {
  const parts = [`${count(tracked)} different`];
  if (evictedTotal > 0) parts.push(`${count(evictedTotal)} rare ones gave way`);
  if (recordsLostTotal > 0) parts.push(`${count(recordsLostTotal)} calls not recorded`);
  return parts.join(", ");
}

function columnsOf({ totalMs }: TopAnswer): Column<TopStatement>[] {
  const number = { numeric: true, sortable: true, className: "w-number" };
  return [
    { key: "statement", title: "Statement", className: "statement", cell: (row) => <Text row={row} /> },
    { key: "total", title: "Total time", ...number, className: "w-total", cell: (row) => <Share row={row} all={totalMs} /> },
    { key: "calls", title: "Calls", ...number, cell: (row) => count(row.calls) },
    { key: "mean", title: "Mean", ...number, cell: (row) => duration(row.meanMs) },
    { key: "p99", title: "p99", ...number, cell: (row) => duration(row.p99Ms) },
    { key: "max", title: "Max", ...number, cell: (row) => duration(row.maxMs) },
    { key: "rows", title: "Rows", ...number, cell: (row) => count(row.rows) },
    { key: "errors", title: "Errors", ...number, cell: (row) => <Errors errors={row.errors} /> },
  ];
}

function Text({ row: { statement, service, table } }: { row: TopStatement }): ReactElement {
  const about = [service, table].filter(Boolean).join(" · ");
  return (
    <>
      <StatementText statement={statement} service={service} />
      {about && <span className="about">{about}</span>}
    </>
  );
}

function Share({ row, all }: { row: TopStatement; all: number }): ReactElement {
  return (
    <>
      {duration(row.totalMs)} <span className="about">{all > 0 ? percent(row.totalMs / all) : none}</span>
    </>
  );
}

function Errors({ errors }: { errors: number }): ReactElement {
  return <span className={errors > 0 ? "wrong" : ""}>{count(errors)}</span>;
}
