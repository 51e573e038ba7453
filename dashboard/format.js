// Numbers and times as people read them. No DOM.

const plain = new Intl.NumberFormat("en");

/** 1234567 -> "1,234,567" */
export function count(value) {
  return plain.format(Math.round(value));
}

/** 0.0412 -> "0.04", 7.25 -> "7.3", 148.2 -> "148", 12345 -> "12,345" */
export function decimal(value) {
  if (value === 0) return "0";
  if (value < 1) return value.toFixed(2);
  if (value < 100) return value.toFixed(1);
  return count(value);
}

/** Milliseconds with their unit: "0.82 ms", "148 ms", "2.5 s". */
export function duration(ms) {
  return ms < 1000 ? `${decimal(ms)} ms` : `${decimal(ms / 1000)} s`;
}

/** A span of time in its two largest units: "42 s", "3 min 5 s", "2 h 10 min", "4 d 3 h". */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

const two = (n) => String(n).padStart(2, "0");

/** Local time of an ISO text: "14:03:07". */
export function clock(iso) {
  const at = new Date(iso);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The same with milliseconds: "14:03:07.125". */
export function preciseClock(iso) {
  return `${clock(iso)}.${String(new Date(iso).getMilliseconds()).padStart(3, "0")}`;
}
