// Numbers and times as people read them.

const plain = new Intl.NumberFormat("en");

/** What stands where nothing is known. */
export const none = "–";

/** 1234567 -> "1,234,567" */
export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? none : plain.format(Math.round(value));
}

/** 0.0412 -> "0.04", 7.25 -> "7.3", 148.2 -> "148", 12345 -> "12,345" */
export function decimal(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 0.01) return value.toFixed(3);
  if (size < 1) return value.toFixed(2);
  if (size < 100) return value.toFixed(1);
  return count(value);
}

/** For axes and narrow columns: 950 -> "950", 12345 -> "12.3k", 4.5e6 -> "4.5M" */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value >= 1e9) return `${decimal(value / 1e9)}G`;
  if (value >= 1e6) return `${decimal(value / 1e6)}M`;
  if (value >= 1e4) return `${decimal(value / 1e3)}k`;
  return Number.isInteger(value) ? count(value) : decimal(value);
}

/** Milliseconds with their unit: "0.82 ms", "148 ms", "2.5 s", "3 min 5 s". */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return none;
  if (ms < 1000) return `${decimal(ms)} ms`;
  return ms < 60_000 ? `${decimal(ms / 1000)} s` : span(ms);
}

/** 1536 -> "1.5 kB" */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  if (value < 1000) return `${count(value)} B`;
  if (value < 1e6) return `${decimal(value / 1e3)} kB`;
  return value < 1e9 ? `${decimal(value / 1e6)} MB` : `${decimal(value / 1e9)} GB`;
}

/** 0.0123 -> "1.2 %" */
export function percent(ratio: number | null | undefined): string {
  if (ratio === null || ratio === undefined || !Number.isFinite(ratio)) return none;
  if (ratio > 0 && ratio < 0.0001) return "< 0.01 %";
  return `${decimal(ratio * 100)} %`;
}

/** A span of time in its two largest units: "42 s", "3 min 5 s", "2 h 10 min", "4 d 3 h". */
export function span(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return none;
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const pair = (large: number, one: string, small: number, other: string): string =>
    small ? `${large} ${one} ${small} ${other}` : `${large} ${one}`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  return pair(Math.floor(minutes / 1440), "d", Math.floor((minutes % 1440) / 60), "h");
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Local time: "14:03:07"; with the day before it when that is not today. */
export function clock(at: string | number | Date, now = new Date()): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return none;
  const text = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === now.toDateString()) return text;
  return `${time.toLocaleDateString("en", { day: "numeric", month: "short" })} ${text}`;
}

/** With milliseconds: "14:03:07.125". */
export function preciseClock(at: string | number): string {
  return `${clock(at)}.${String(new Date(at).getMilliseconds()).padStart(3, "0")}`;
}

/** "3 clients", "1 client" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Ends in a full stop, whatever it came with. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
