import type uPlot from "uplot";
import type { HistoryColumn } from "../data/types.js";
import { short } from "../lib/format.js";
import type { Theme } from "./chart-theme.js";

export interface SeriesSpec {
  column: HistoryColumn;
  name: string;
  colour: "s1" | "s2" | "s3" | "bad";
  /** Not by colour alone. */
  dash?: number[];
  filled?: boolean;
}

const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif';

/** Times between which the database was away, seconds. */
export type Outages = readonly (readonly [number, number])[];

export interface PlotInput {
  series: readonly SeriesSpec[];
  theme: Theme;
  width: number;
  height: number;
  /** Smallest top of the scale, so that noise near zero stays small. */
  leastTop: number;
  range: () => [number, number];
  outages: () => Outages;
  hover: (index: number | null) => void;
}

/** uPlot's options for one chart. uPlot sets styles through the CSSOM, which the page's policy allows. */
export function plotOptions({ series, theme, width, height, leastTop, range, outages, hover }: PlotInput): uPlot.Options {
  return {
    width,
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "history" }, drag: { x: false, y: false }, y: false, points: { size: 7 } },
    scales: {
      x: { time: true, range },
      y: { range: (_plot, _min, max) => [0, Math.max(leastTop, max * 1.12)] },
    },
    axes: [
      {
        stroke: theme.muted,
        font,
        size: 24,
        gap: 4,
        space: 56,
        grid: { show: false },
        ticks: { stroke: theme.line, width: 1, size: 4 },
        values: (_plot, splits) => splits.map(minuteOf),
      },
      {
        stroke: theme.muted,
        font,
        size: 42,
        gap: 5,
        space: 30,
        grid: { stroke: theme.grid, width: 1 },
        ticks: { show: false },
        values: (_plot, splits) => splits.map((value) => short(value)),
      },
    ],
    series: [{}, ...series.map((one) => line(one, theme))],
    hooks: {
      drawClear: [(plot) => shade(plot, outages(), theme.outage)],
      setCursor: [(plot) => hover(plot.cursor.idx ?? null)],
    },
  };
}

function minuteOf(seconds: number): string {
  const at = new Date(seconds * 1000);
  return `${at.getHours()}:${String(at.getMinutes()).padStart(2, "0")}`;
}

function line({ colour, dash, filled }: SeriesSpec, theme: Theme): uPlot.Series {
  const stroke = theme[colour];
  return {
    stroke,
    width: filled ? 1.5 : 1.2,
    ...(dash ? { dash } : {}),
    ...(filled ? { fill: `color-mix(in srgb, ${stroke} 14%, transparent)` } : {}),
    // A value alone between two gaps would not be seen as a line.
    points: { show: true, size: 4, fill: stroke, width: 0, filter: alone },
  };
}

function alone(plot: uPlot, seriesIndex: number): number[] {
  const values = plot.data[seriesIndex] ?? [];
  const found: number[] = [];
  for (let i = 0; i < values.length; ++i) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  }
  return found;
}

function shade(plot: uPlot, outages: Outages, colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour;
  for (const [from, to] of outages) {
    const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
    const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
    if (right > left) ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  }
  ctx.restore();
}
