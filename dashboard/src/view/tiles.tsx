import { useStore } from "@pgsidecar/client/react";
import type { ReactElement, ReactNode } from "react";
import type { QueueAnswer, StatusAnswer } from "../data/types.js";
import { capital, count, decimal, duration, none, percent, plural, span } from "../lib/format.js";
import { recent, type History } from "../lib/history.js";
import type { Tone } from "../lib/verdict.js";
import { useSidecar } from "./context.js";
import { useKnown } from "./use-known.js";

/** Figures are means of so many seconds: calm, and still of now. */
const window = 5;

/** The figures under the verdict. */
export function Tiles(): ReactElement {
  const sidecar = useSidecar();
  const status = useStore(sidecar.status);
  const history = useStore(sidecar.history);
  const queue = useStore(sidecar.queue);
  return (
    <section className="tiles" aria-label="Figures">
      <Upstream status={status} />
      <Statements history={history} status={status} />
      <Failed history={history} status={status} />
      <Latency history={history} />
      <Clients status={status} />
      <Spool history={history} queue={queue} />
    </section>
  );
}

interface TileProps {
  id: string;
  title: string;
  note: ReactNode;
  children: ReactNode;
}

function Tile({ id, title, note, children }: TileProps): ReactElement {
  return (
    <article className="tile" id={`tile-${id}`}>
      <h2>{title}</h2>
      {children}
      <p className="muted">{note}</p>
    </article>
  );
}

function Figure({ value, unit, tone }: { value: ReactNode; unit?: string; tone?: Tone }): ReactElement {
  return (
    <span className="figure" data-tone={tone}>
      <span className="value">{value}</span>
      {unit && <span className="unit"> {unit}</span>}
    </span>
  );
}

const modes: Record<string, string> = { local: "PostgreSQL", supabase: "Supabase", mock: "Mock" };

function Upstream({ status }: { status: StatusAnswer | null }): ReactElement {
  const { status: database, health } = useKnown();
  const mode = database?.mode ?? status?.connection.mode;
  const state = database?.status ?? status?.connection.status;
  const errors = status?.connection.errorCount ?? 0;
  const check = health ? (health.healthy ? `check ${duration(health.latency)}` : "check failed") : "no check yet";
  const note = errors > 0 ? `${plural(errors, "error")} in a row` : state === "connected" ? check : "";
  const first = state === "connecting" && !database?.attempt;
  const tone = state === "connected" ? (health?.healthy === false ? "warn" : "good") : first ? "warn" : "bad";
  const word = state === "connected" || first ? state : "away";
  return (
    <Tile id="upstream" title={mode ? (modes[mode] ?? capital(mode)) : "Upstream"} note={note}>
      <Figure value={state && word ? capital(word) : none} tone={state ? tone : "unknown"} />
    </Tile>
  );
}

function Statements({ history, status }: { history: History | null; status: StatusAnswer | null }): ReactElement {
  const rate = history && recent(history.columns.statementsPerSecond, window);
  const total = status?.activity.statementsTotal;
  return (
    <Tile id="statements" title="Statements" note={total === undefined ? "" : `${count(total)} since start`}>
      <Figure value={decimal(rate)} unit="per second" />
    </Tile>
  );
}

function Failed({ history, status }: { history: History | null; status: StatusAnswer | null }): ReactElement {
  const lately = history && history.columns.failedPerSecond.slice(-60).reduce<number>((sum, n) => sum + (n ?? 0), 0);
  const activity = status?.activity;
  const share = activity && activity.statementsTotal > 0 ? percent(activity.errorsTotal / activity.statementsTotal) : "0 %";
  return (
    <Tile
      id="failed"
      title="Failed"
      note={activity ? `${count(activity.errorsTotal)} since start, ${share}` : ""}
    >
      <Figure value={count(lately)} unit="last minute" tone={lately ? "bad" : "unknown"} />
    </Tile>
  );
}

function Latency({ history }: { history: History | null }): ReactElement {
  const columns = history?.columns;
  const last = (name: "p50Ms" | "p99Ms" | "poolWaitShare"): number | null => (columns ? recent(columns[name], 15) : null);
  const share = last("poolWaitShare");
  const note = share === null ? "no statement lately" : `${percent(share)} of it is pool wait`;
  return (
    <Tile id="latency" title="Latency, ms" note={note}>
      <span className="pair">
        <Figure value={msOnly(last("p50Ms"))} unit="p50" />
        <Figure value={msOnly(last("p99Ms"))} unit="p99" />
      </span>
    </Tile>
  );
}

function msOnly(ms: number | null): string {
  return ms === null ? none : decimal(ms);
}

function Clients({ status }: { status: StatusAnswer | null }): ReactElement {
  const activity = status?.activity;
  if (!activity) {
    return (
      <Tile id="clients" title="Clients and pool" note="">
        <Figure value={none} />
      </Tile>
    );
  }
  const { clients, clientsWaiting, serversActive, poolSize } = activity;
  const of = poolSize > 0 ? ` of ${count(poolSize)}` : "";
  return (
    <Tile
      id="clients"
      title="Clients and pool"
      note={`${count(serversActive)}${of} servers busy`}
    >
      <span className="pair">
        <Figure value={count(clients)} unit={clients === 1 ? "client" : "clients"} />
        {clientsWaiting > 0 && <Figure value={count(clientsWaiting)} unit="waiting" tone="warn" />}
        <meter min={0} max={Math.max(poolSize, 1)} value={serversActive} aria-label="Server connections in use" />
      </span>
    </Tile>
  );
}

function Spool({ history, queue }: { history: History | null; queue: QueueAnswer | null }): ReactElement {
  const entries = history?.columns.queueEntries.at(-1) ?? queue?.waiting ?? null;
  const age = history?.columns.queueOldestAgeMs.at(-1) ?? queue?.oldestAgeMs ?? null;
  const dead = queue?.dead ?? 0;
  const waits = entries === null ? "" : entries > 0 ? `oldest waits ${span(age)}` : "nothing waits";
  const note = queue && !queue.enabled ? "not configured" : queue?.problem ? "nothing can be taken" : waits;
  return (
    <Tile id="queue" title="Spool" note={note}>
      <span className="pair">
        <Figure value={count(entries)} unit="queued" tone={entries ? "warn" : "unknown"} />
        {dead > 0 && <Figure value={count(dead)} unit="dead" tone="bad" />}
      </span>
    </Tile>
  );
}
