import { useStore } from "@pgsidecar/client/react";
import { useMemo, type ReactElement } from "react";
import { count, decimal, duration, none, span } from "../lib/format.js";
import { outagesOf } from "../lib/outages.js";
import { Chart, type ChartSpec } from "./chart.js";
import { useSidecar } from "./context.js";
import { Empty, Panel } from "./panel.js";

const perSecond = (value: number | null): string => (value === null ? none : `${decimal(value)}/s`);

const specs: readonly ChartSpec[] = [
  {
    id: "statements",
    title: "Statements",
    leastTop: 1,
    text: perSecond,
    meaning: "Statements that ended in each second, and those of them that failed",
    series: [
      { column: "statementsPerSecond", name: "all", colour: "s1", filled: true },
      { column: "failedPerSecond", name: "failed", colour: "bad" },
    ],
  },
  {
    id: "latency",
    title: "Latency",
    leastTop: 1,
    text: duration,
    meaning: "How long the database took for a statement, without the wait for a connection: half were faster than p50, 99 of 100 than p99",
    series: [
      { column: "p50Ms", name: "p50", colour: "s1", filled: true },
      { column: "p99Ms", name: "p99", colour: "s2" },
    ],
  },
  {
    id: "connections",
    title: "Connections",
    leastTop: 4,
    text: count,
    meaning: "Clients, those of them that wait for a server connection, and server connections (servers) in use",
    series: [
      { column: "clients", name: "clients", colour: "s1", filled: true },
      { column: "clientsWaiting", name: "waiting", colour: "s2", dash: [4, 3] },
      { column: "serversInUse", name: "servers", colour: "s3" },
    ],
  },
  {
    id: "health",
    title: "Health check",
    leastTop: 1,
    text: duration,
    meaning: "Latency of the last health check; nothing while checks fail",
    series: [{ column: "healthLatencyMs", name: "latency", colour: "s1" }],
  },
  {
    id: "queue",
    title: "Spool",
    leastTop: 4,
    text: count,
    meaning: "Writes that wait for the database",
    series: [{ column: "queueEntries", name: "queued", colour: "s2", filled: true }],
  },
];

/** The last minutes, kept by the sidecar: the page may come and go. */
export function Charts(): ReactElement {
  const sidecar = useSidecar();
  const history = useStore(sidecar.history);
  const fault = useStore(sidecar.historyFault);
  const outages = useMemo(() => (history ? outagesOf(history) : []), [history]);
  const away = outages.reduce((sum, [from, to]) => sum + (to - from), 0);
  const minutes = history ? Math.round(history.keepMs / 60_000) : 15;
  const note = [away > 0 ? `shaded: database away, ${span(away * 1000)} in all` : "", history && fault ? `not up to date: ${fault}` : ""];
  return (
    <Panel id="charts" title={`The last ${minutes} minutes`} note={note.filter(Boolean).join("; ")}>
      {history === null || history.at.length === 0 ? (
        <Empty title={fault ? "No history" : "Loading …"}>{fault}</Empty>
      ) : (
        <div className="charts">
          {specs.map((spec) => (
            <Chart key={spec.id} spec={spec} history={history} outages={outages} />
          ))}
        </div>
      )}
    </Panel>
  );
}
