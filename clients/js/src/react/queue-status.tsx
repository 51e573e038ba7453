import type { ReactElement } from "react";
import { useOfflineQueue } from "./use-status.js";

/** "N message(s) pending"; nothing when none waits. */
export function QueueStatus({ className = "" }: { className?: string }): ReactElement {
  const { messages } = useOfflineQueue();
  return (
    <span role="status" className={`pgs-queue ${className}`}>
      {messages.length > 0 && `${messages.length} message(s) pending`}
    </span>
  );
}
