import { useMemo, useState, type ReactElement } from "react";
import type { Maybe } from "../data/types.js";
import { clock, short } from "../lib/format.js";
import { buckets, plotData, summarise, type History } from "../lib/history.js";
import { Plot } from "./plot.js";
import type { Outages, SeriesSpec } from "./plot-options.js";

export interface ChartSpec {
  id: string;
  title: string;
  series: readonly SeriesSpec[];
  leastTop: number;
  /** A value in words. */
  text: (value: Maybe<number>) => string;
  /** What it means, for the curious. */
  meaning: string;
}

const tableStepMs = 30_000;

/** One chart with its words: last, least and most of each line, and all of it as a table. */
export function Chart({ spec, history, outages }: { spec: ChartSpec; history: History; outages: Outages }): ReactElement {
  const { id, title, series, leastTop, meaning } = spec;
  const [asTable, setAsTable] = useState(false);
  const [index, setIndex] = useState<number | null>(null);
  const data = useMemo(() => plotData(history, series.map(({ column }) => column)), [history, series]);
  const to = (history.at.at(-1) ?? 0) / 1000;
  const hovered = index === null || asTable ? null : (data[0][index] ?? null);
  return (
    <figure className="chart" id={`chart-${id}`} aria-labelledby={`chart-${id}-title`}>
      <figcaption>
        <h3 id={`chart-${id}-title`} title={meaning}>{title}</h3>
        <span className="muted chart-time">{hovered !== null && clock(hovered * 1000)}</span>
        <span className="spacer" />
        <button type="button" className="link" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {asTable ? "View as chart" : "View as table"}
        </button>
      </figcaption>
      <ul className="legend">
        {series.map((one, k) => (
          <Line key={one.column} series={one} spec={spec} history={history} hovered={hovered === null ? null : (data[k + 1]?.[index ?? 0] ?? null)} isHovering={hovered !== null} />
        ))}
      </ul>
      {asTable ? (
        <Table spec={spec} history={history} />
      ) : (
        <Plot data={data} series={series} leastTop={leastTop} from={to - history.keepMs / 1000} to={to} outages={outages} hover={setIndex} />
      )}
    </figure>
  );
}

/** The least needs no unit beside the most. */
function bare(value: Maybe<number>): string {
  return value === null ? "" : short(value);
}

interface LineProps {
  series: SeriesSpec;
  spec: ChartSpec;
  history: History;
  hovered: Maybe<number>;
  isHovering: boolean;
}

function Line({ series: { column, name, colour, dash, filled }, spec: { text }, history, hovered, isHovering }: LineProps): ReactElement {
  const { last, min, max } = useMemo(() => summarise(history.columns[column]), [history, column]);
  return (
    <li>
      <svg className={`swatch ${colour}`} viewBox="0 0 16 10" aria-hidden="true">
        {filled && <path d="M0 1h16v9H0z" />}
        <line x1="0" y1={filled ? 1 : 5} x2="16" y2={filled ? 1 : 5} strokeDasharray={dash ? "4 3" : undefined} />
      </svg>
      {name} <strong>{text(isHovering ? hovered : last)}</strong>
      {max !== null && (
        <span className="range">
          <span className="sr">, from </span> {bare(min)}
          <span aria-hidden="true">–</span>
          <span className="sr"> to </span>
          {text(max)}
        </span>
      )}
    </li>
  );
}

function Table({ spec: { title, series, text }, history }: { spec: ChartSpec; history: History }): ReactElement {
  const rows = useMemo(() => buckets(history, series.map(({ column }) => column), tableStepMs), [history, series]);
  return (
    <div className="chart-table" tabIndex={0} role="group" aria-label={`${title} as table, scrolls`}>
      <table>
        <caption className="sr">{title}, means of 30 seconds, newest first</caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map(({ column, name }) => (
              <th key={column} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ from, values }) => (
            <tr key={from}>
              <th scope="row">{clock(from)}</th>
              {values.map((value, k) => (
                <td key={series[k]?.column} className="number">
                  {text(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
