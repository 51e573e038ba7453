import type { History } from "./history.js";

/** The begin of the outage that is still on, ms of the sidecar's clock. */
export function openOutage(history: History): number | null {
  const last = outagesOf(history).at(-1);
  const end = history.at.at(-1);
  return last && end !== undefined && last[1] * 1000 === end ? last[0] * 1000 : null;
}

/** When the database was not connected: pairs of seconds, oldest first. */
export function outagesOf({ at, columns: { connected } }: History): [number, number][] {
  const found: [number, number][] = [];
  at.forEach((end, i) => {
    if (connected[i] !== 0) return;
    const from = end / 1000 - 1;
    const open = found.at(-1);
    if (open && from - open[1] < 0.5) open[1] = end / 1000;
    else found.push([from, end / 1000]);
  });
  return found;
}
