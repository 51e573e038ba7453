import { statusBadge, statusDetails } from "@pgsidecar/client";
import { useEffect, useId, useRef, useState, type ReactElement } from "react";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/**
 * Live, Connecting... or Offline; pressed, it shows details and a reconnect button. Escape closes them.
 * `announce={false}` leaves changes to other live regions of the page.
 */
export function RealtimeStatus({ className = "", announce = true }: { className?: string; announce?: boolean }): ReactElement {
  const client = useHeldClient();
  const connection = useStore(client.connection);
  const database = useStore(client.database);
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { tone, text, busy } = statusBadge(connection);

  useEffect(() => {
    if (!open) return;
    const away = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);

  return (
    <div
      className={`pgs-status-root ${className}`}
      ref={root}
      onKeyDown={({ key }) => {
        if (key !== "Escape" || !open) return;
        setOpen(false);
        button.current?.focus();
      }}
    >
      <button type="button" className="pgs-status" data-tone={tone} ref={button} aria-expanded={open} aria-controls={id} onClick={() => setOpen(!open)}>
        <span className={busy ? "pgs-spinner" : "pgs-dot"} aria-hidden="true" />
        <span role={announce ? "status" : undefined}>{text}</span>
      </button>
      <div id={id} className="pgs-popover" role="group" aria-label="Connection details" hidden={!open}>
        <dl>
          {statusDetails(connection, database).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <button type="button" onClick={() => client.reconnect()}>
          Reconnect
        </button>
      </div>
    </div>
  );
}
