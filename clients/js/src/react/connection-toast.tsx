import { notices } from "@pgsidecar/client";
import { useEffect, type ReactElement } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

export interface ConnectionToastProps {
  durationMs?: number;
  /** False where the page speaks of the connection in a live region of its own. */
  announce?: boolean;
}

/** Toasts on connection events, queued and dropped messages. Once in an application. */
export function ConnectionToast({ durationMs, announce = true }: ConnectionToastProps): ReactElement {
  const client = useHeldClient();
  const shown = notices(client, durationMs === undefined ? {} : { durationMs });
  useEffect(() => shown.start(), [shown]);
  return (
    <ul className="pgs-toasts" aria-label="Connection messages" {...(announce ? { role: "status", "aria-live": "polite" } : {})}>
      {useStore(shown.store).map(({ id, kind, message }) => (
        <li key={id} className="pgs-toast" data-kind={kind}>
          <span>{message}</span>
          <button type="button" aria-label={`Dismiss: ${message}`} onClick={() => shown.dismiss(id)}>
            <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
