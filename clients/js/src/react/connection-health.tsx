import type { ReactElement } from "react";
import { useConnectionHealth } from "./use-status.js";

/** A coloured dot, the word and the latency. `announce={false}` leaves changes to other live regions of the page. */
export function ConnectionHealth({ className = "", announce = true }: { className?: string; announce?: boolean }): ReactElement {
  const { status, color, latency } = useConnectionHealth();
  return (
    <span className={`pgs-health ${className}`} data-tone={color}>
      <span className="pgs-dot" aria-hidden="true" />
      <span>
        <span role={announce ? "status" : undefined}>{status}</span>
        {latency !== null && ` (${Math.round(latency)}ms)`}
      </span>
    </span>
  );
}
