import { historyColumns, type HistoryAnswer, type HistoryColumn, type Maybe } from "../data/types.js";

export type Columns = Record<HistoryColumn, Maybe<number>[]>;

/** The last minutes, second by second, oldest first; every column is as long as `at`. */
export interface History {
  startedAtMs: number;
  /** Ends of the seconds, ms of the sidecar's clock. */
  at: number[];
  columns: Columns;
  keepMs: number;
}

/** What the charts show at most; a sidecar may keep more or less. */
export const shownMs = 900_000;

/** Puts an answer behind what is there already; a sidecar that was started anew begins anew. */
export function extend(known: History | null, answer: HistoryAnswer): History {
  const { samples, startedAtMs, nowMs } = answer;
  const keepMs = Math.min(answer.seconds * answer.stepMs, shownMs);
  const before = known?.startedAtMs === startedAtMs ? known : null;
  const newest = before?.at.at(-1) ?? -Infinity;
  const oldest = nowMs - keepMs;
  const old = pick(before?.at ?? [], (at) => at > oldest);
  const fresh = pick(samples.atMs, (at) => at > newest && at > oldest);
  const columns = {} as Columns;
  for (const name of historyColumns) {
    const came = samples[name];
    columns[name] = [...old.map((i) => before?.columns[name][i] ?? null), ...fresh.map((i) => came?.[i] ?? null)];
  }
  const at = [...old.map((i) => before?.at[i] ?? 0), ...fresh.map((i) => samples.atMs[i] ?? 0)];
  return { startedAtMs, at, columns, keepMs };
}

/** The indexes for which the test holds. */
function pick(values: readonly number[], test: (value: number) => boolean): number[] {
  return values.flatMap((value, i) => (test(value) ? [i] : []));
}

export interface Summary {
  last: Maybe<number>;
  min: Maybe<number>;
  max: Maybe<number>;
}

/** `last` is the newest that is known, not older than ten seconds before the end. */
export function summarise(values: readonly Maybe<number>[]): Summary {
  const known = values.filter((value): value is number => value !== null);
  const last = known.length > 0 ? (values.slice(-10).reverse().find((value) => value !== null) ?? null) : null;
  if (known.length === 0) return { last: null, min: null, max: null };
  return {
    last,
    min: known.reduce((a, b) => Math.min(a, b)),
    max: known.reduce((a, b) => Math.max(a, b)),
  };
}

/** Mean of the last `seconds` samples that are known. */
export function recent(values: readonly Maybe<number>[], seconds: number): Maybe<number> {
  const known = values.slice(-seconds).filter((value): value is number => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
}

export interface Bucket {
  /** Start and end in ms of the sidecar's clock. */
  from: number;
  to: number;
  /** One for each column, mean of what is known. */
  values: Maybe<number>[];
}

/** For the tables: the columns in steps of `stepMs`, newest first. */
export function buckets(history: History, names: readonly HistoryColumn[], stepMs: number): Bucket[] {
  const found = new Map<number, number[]>();
  history.at.forEach((at, i) => {
    const start = Math.floor((at - 1) / stepMs) * stepMs;
    const indexes = found.get(start);
    if (indexes) indexes.push(i);
    else found.set(start, [i]);
  });
  return [...found]
    .map(([from, indexes]) => ({
      from,
      to: from + stepMs,
      values: names.map((name) => recent(indexes.map((i) => history.columns[name][i] ?? null), indexes.length)),
    }))
    .reverse();
}

/** Seconds, and values with a null wherever samples are missing, as uPlot draws them. */
export function plotData(history: History, names: readonly HistoryColumn[]): [number[], ...Maybe<number>[][]] {
  const times: number[] = [];
  const series: Maybe<number>[][] = names.map(() => []);
  history.at.forEach((at, i) => {
    const before = history.at[i - 1];
    if (before !== undefined && at - before > 2500) {
      times.push((before + 1000) / 1000);
      for (const column of series) column.push(null);
    }
    times.push(at / 1000);
    names.forEach((name, k) => series[k]?.push(history.columns[name][i] ?? null));
  });
  return [times, ...series];
}
