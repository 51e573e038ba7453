import { useEffect, useRef, type ReactElement } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "./chart-theme.js";
import { plotOptions, type Outages, type SeriesSpec } from "./plot-options.js";

interface PlotProps {
  data: uPlot.AlignedData;
  series: readonly SeriesSpec[];
  leastTop: number;
  /** Shown times, seconds. */
  from: number;
  to: number;
  outages: Outages;
  hover: (index: number | null) => void;
}

const height = 148;

/** The picture of a chart; its words stand beside it. */
export function Plot({ data, series, leastTop, from, to, outages, hover }: PlotProps): ReactElement {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const latest = useRef({ data, from, to, outages, hover });
  latest.current = { data, from, to, outages, hover };

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot(
      plotOptions({
        series,
        theme,
        width: element.clientWidth,
        height,
        leastTop,
        range: () => [latest.current.from, latest.current.to],
        outages: () => latest.current.outages,
        hover: (index) => latest.current.hover(index),
      }),
      latest.current.data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [series, theme, leastTop]);

  useEffect(() => plot.current?.setData(data), [data]);
  return <div className="plot" ref={place} aria-hidden="true" />;
}
