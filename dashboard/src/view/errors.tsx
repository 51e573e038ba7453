import { useStore } from "@pgsidecar/client/react";
import { useState, type ReactElement } from "react";
import type { Fault } from "../data/error-log.js";
import { clock, none } from "../lib/format.js";
import { useSidecar } from "./context.js";
import { DataTable, type Column } from "./data-table.js";
import { Empty, Panel } from "./panel.js";

const columns: readonly Column<Fault>[] = [
  { key: "at", title: "Time", className: "w-accepted", cell: ({ at }) => clock(at) },
  { key: "kind", title: "Where", className: "w-outcome", cell: (fault) => <Where {...fault} /> },
  { key: "code", title: "Code", className: "w-code", cell: ({ code }) => <code>{code}</code> },
  { key: "message", title: "What happened", cell: (fault) => <What {...fault} /> },
];

/** The latest things that went wrong, of the database and of single operations. */
export function Errors(): ReactElement {
  const { errors } = useSidecar();
  const faults = useStore(errors.cell);
  const [only, setOnly] = useState("");
  const rows = faults.filter(({ kind }) => only === "" || kind === only);
  return (
    <Panel
      id="errors"
      title="Errors"
      note={faults.length > 0 ? `the latest ${faults.length}` : ""}
      tools={
        <label className="field">
          Of{" "}
          <select id="error-kind" value={only} onChange={({ currentTarget }) => setOnly(currentTarget.value)}>
            <option value="">all</option>
            <option value="database">the database</option>
            <option value="operation">operations</option>
          </select>
        </label>
      }
    >
      {rows.length === 0 ? (
        <Empty title="No errors">What fails for good shows up here with its reason and what to do about it.</Empty>
      ) : (
        <div className="tall" tabIndex={0} role="group" aria-label="Errors, scrolls">
          <DataTable caption="Errors, newest first" className="errors" bodyId="error-rows" columns={columns} rows={rows} rowKey={({ key }) => key} />
        </div>
      )}
    </Panel>
  );
}

function Where({ kind, doing, table, service }: Fault): ReactElement {
  return (
    <>
      <span className="wrong">{kind === "database" ? "database" : "operation"}</span>
      <span className="about">{[doing, table, service].filter(Boolean).join(" · ") || none}</span>
    </>
  );
}

function What({ message, resolution, statement, times }: Fault): ReactElement {
  return (
    <>
      {message}
      {times > 1 && <span className="chip">{times} times in a row</span>}
      {resolution && <span className="about">{resolution}</span>}
      {statement && (
        <span className="about statement">
          <span className="clamp">{statement}</span>
        </span>
      )}
    </>
  );
}
