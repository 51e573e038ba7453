import type { ReactElement } from "react";

const paths = {
  good: "M4 12.5l5.5 5.5L20 7",
  warn: "M12 3.5L22 20.5H2zM12 10v4.5M12 17.6v.2",
  bad: "M6 6l12 12M18 6L6 18",
  wait: "M12 3a9 9 0 1 0 9 9M12 7v5l3.5 2",
  unknown: "M9 9a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 2M12 17.6v.2",
  lock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  clock: "M12 3a9 9 0 1 0 .01 0M12 7.5V12l3 2",
} as const;

/** Decoration only: the word stands beside it. */
export function Icon({ name, className = "" }: { name: keyof typeof paths; className?: string }): ReactElement {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
