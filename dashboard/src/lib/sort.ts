type Value = string | number | null | undefined;

/** A sorted copy: numbers by size, texts by alphabet, what is not known last in either direction. */
export function sorted<Row>(rows: readonly Row[], value: (row: Row) => Value, descending: boolean): Row[] {
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (isUnknown(x) || isUnknown(y)) return Number(isUnknown(x)) - Number(isUnknown(y));
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y));
  });
}

function isUnknown(value: Value): value is null | undefined {
  return value === null || value === undefined;
}
