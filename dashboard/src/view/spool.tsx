import { useState, type ReactElement } from "react";
import type { QueueAnswer, QueueDone, QueueEntry } from "../data/types.js";
import { bytes, clock, count, none, plural, sentence, span } from "../lib/format.js";
import { useConfirm } from "./confirm.js";
import { useSidecar } from "./context.js";
import { DataTable, type Column } from "./data-table.js";
import { Empty, Panel, staleNote, Unavailable } from "./panel.js";
import { useOnScreen } from "./use-on-screen.js";
import { useResource } from "./use-resource.js";

type Change = "retry" | "discard";

/** Writes that wait for the database, and those that it refused for good. */
export function Spool(): ReactElement {
  const [panel, seen] = useOnScreen<HTMLElement>();
  const { data, fault, refresh } = useResource<QueueAnswer>("api/queue", 3000, seen);
  const { change, busy } = useChange(refresh);
  const dead = data?.deadLetters ?? [];
  return (
    <Panel
      id="spool"
      title="Spool"
      ref={panel}
      note={data ? [describe(data), staleNote(fault)].filter(Boolean).join(", ") : ""}
      tools={
        data?.mayChange &&
        dead.length > 0 && (
          <div className="buttons">
            <button type="button" id="retry-all" disabled={busy} onClick={() => void change("retry", null, data.dead)}>
              Retry all
            </button>
            <button type="button" id="discard-all" disabled={busy} onClick={() => void change("discard", null, data.dead)}>
              Discard all
            </button>
          </div>
        )
      }
    >
      {data === null ? (
        <Unavailable fault={fault} />
      ) : !data.enabled ? (
        <Empty title="No spool">
          Writes are not kept while the database is away. Set <code>outage.spool_dir</code> to another value than{" "}
          <code>off</code> and name the writes in <code>outage.policy</code> to change that.
        </Empty>
      ) : (
        <>
          <Problems data={data} />
          {data.entries.length + dead.length === 0 && (
            <Empty title="Nothing waits">{plural(data.appliedTotal, "write")} went through the spool since start.</Empty>
          )}
          {dead.length > 0 && <Entries title="Dead letters" rows={dead} id="dead-rows" columns={deadColumns(data, change, busy)} />}
          {data.entries.length > 0 && <Entries title="Waiting" rows={data.entries} id="queue-rows" columns={waitingColumns} />}
        </>
      )}
    </Panel>
  );
}

function describe({ enabled, waiting, dead, bytes: size, flushing, flushPerSecond, nextEntry }: QueueAnswer): string {
  if (!enabled) return "";
  const parts = [`${count(waiting)} waiting`, plural(dead, "dead letter")];
  if (size > 0) parts.push(bytes(size));
  if (flushing) parts.push(`flushing, ${count(flushPerSecond)} per second`);
  if (nextEntry !== null) parts.push("the first ones are shown");
  return parts.join(", ");
}

function Problems({ data: { problem, blocked } }: { data: QueueAnswer }): ReactElement | null {
  if (!problem && !blocked) return null;
  return (
    <div className="notice" data-tone="warn">
      {problem && <p>Nothing can be acknowledged at the moment: {sentence(problem)}</p>}
      {blocked && <p>Entries stay although the database is there: {sentence(blocked)}</p>}
    </div>
  );
}

interface EntriesProps {
  title: string;
  rows: QueueEntry[];
  id: string;
  columns: readonly Column<QueueEntry>[];
}

function Entries({ title, rows, id, columns }: EntriesProps): ReactElement {
  return (
    <div className="sub">
      <h3>{title}</h3>
      <div className="tall" tabIndex={0} role="group" aria-label={`${title}, scrolls`}>
        <DataTable caption={title} className="spool" bodyId={id} columns={columns} rows={rows} rowKey={({ sequence }) => sequence} />
      </div>
    </div>
  );
}

const common: readonly Column<QueueEntry>[] = [
  { key: "sequence", title: "No.", numeric: true, className: "w-rows", cell: ({ sequence }) => sequence },
  { key: "age", title: "Accepted", className: "w-accepted", cell: (entry) => <Accepted {...entry} /> },
  { key: "write", title: "Write", cell: (entry) => <Write {...entry} /> },
  { key: "by", title: "By", cell: ({ application, user, database }) => <By application={application} who={`${user} → ${database}`} /> },
];

const waitingColumns: readonly Column<QueueEntry>[] = [
  ...common,
  { key: "size", title: "Size", numeric: true, className: "w-number", cell: (entry) => bytes(entry.bytes) },
];

function deadColumns({ mayChange }: QueueAnswer, change: ReturnType<typeof useChange>["change"], busy: boolean): Column<QueueEntry>[] {
  const columns: Column<QueueEntry>[] = [...common, { key: "error", title: "Why it died", cell: (entry) => <Death {...entry} /> }];
  if (!mayChange) return columns;
  const act = (entry: QueueEntry): ReactElement => (
    <span className="buttons">
      <button
        type="button"
        className="small"
        aria-label={`Retry write ${entry.sequence}`}
        disabled={busy || entry.damaged}
        onClick={() => void change("retry", entry.sequence, 1)}
      >
        Retry
      </button>
      <button
        type="button"
        className="small"
        aria-label={`Discard write ${entry.sequence}`}
        disabled={busy}
        onClick={() => void change("discard", entry.sequence, 1)}
      >
        Discard
      </button>
    </span>
  );
  return [...columns, { key: "act", title: "Decide", className: "w-actions", cell: act }];
}

function Accepted({ acceptedAtMs, ageMs }: QueueEntry): ReactElement {
  return (
    <>
      {clock(acceptedAtMs)}
      <span className="about">{span(ageMs)} ago</span>
    </>
  );
}

function Write({ verb, tables, statements, rows, policy }: QueueEntry): ReactElement {
  return (
    <>
      <span className="type" data-type={verb}>
        {verb}
      </span>{" "}
      {tables.join(", ") || none}
      <span className="about">
        {plural(statements, "statement")}, {plural(rows, "row")}, {policy}
      </span>
    </>
  );
}

function By({ application, who }: { application: string; who: string }): ReactElement {
  return (
    <>
      {application || none}
      <span className="about">{who}</span>
    </>
  );
}

function Death({ error, damaged }: QueueEntry): ReactElement {
  const code = error?.sqlstate ? `${error.sqlstate} ` : "";
  return (
    <>
      <span className="wrong">{error ? `${code}${error.message}` : damaged ? "It is damaged and cannot be read." : none}</span>
      {error && <span className="about">at {clock(error.diedAtMs)}</span>}
    </>
  );
}

function useChange(refresh: () => Promise<void>) {
  const sidecar = useSidecar();
  const confirm = useConfirm();
  const [busy, setBusy] = useState(false);
  /** sequence null: all dead letters. */
  async function change(what: Change, sequence: number | null, number: number): Promise<void> {
    const which = sequence === null ? `all ${plural(number, "dead letter")}` : `write ${sequence}`;
    if (!(await confirm(question(what, which)))) return;
    setBusy(true);
    try {
      const answer = await sidecar.api.post<QueueDone>(`api/queue/${what}`, sequence === null ? { all: true } : { sequence });
      sidecar.tell(answer.refused > 0 ? "warning" : "success", outcome(what, answer));
    } catch (fault) {
      sidecar.tell("error", `Not done: ${(fault as Error).message}`);
    }
    setBusy(false);
    await refresh();
  }
  return { change, busy };
}

function question(what: Change, which: string): { title: string; text: string; action: string } {
  return what === "retry"
    ? { title: `Retry ${which}?`, text: "It goes behind everything that waits, and is sent to the database again.", action: "Retry" }
    : { title: `Discard ${which}?`, text: "The data in it is lost for good. The application believes that it was stored.", action: "Discard" };
}

function outcome(what: Change, { done, refused, remaining }: QueueDone): string {
  const word = what === "retry" ? "queued again" : "discarded";
  const parts = [`${plural(done, "write")} ${word}`];
  if (refused > 0) parts.push(`${count(refused)} refused`);
  if (remaining > 0) parts.push(`${plural(remaining, "dead letter")} left`);
  return sentence(parts.join(", "));
}
