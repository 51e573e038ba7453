import type { ReactElement } from "react";
import { useConnectionHealth } from "./use-status.js";

/** A coloured dot, the word and the latency. */
export function ConnectionHealth({ className = "" }: { className?: string }): ReactElement {
  const { status, color, latency } = useConnectionHealth();
  return (
    <span className={`pgs-health ${className}`} data-tone={color}>
      <span className="pgs-dot" aria-hidden="true" />
      <span>
        <span role="status">{status}</span>
        {latency !== null && ` (${Math.round(latency)}ms)`}
      </span>
    </span>
  );
}
