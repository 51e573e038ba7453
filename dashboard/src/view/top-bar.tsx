import { RealtimeStatus, useStore } from "@pgsidecar/client/react";
import type { ReactElement } from "react";
import { useSidecar } from "./context.js";

const parts = [
  ["charts", "Charts"],
  ["operations", "Operations"],
  ["statements", "Statements"],
  ["sessions", "Sessions"],
  ["spool", "Spool"],
  ["errors", "Errors"],
  ["configuration", "Configuration"],
] as const;

/** Name, the way to each part of the page, and the state of the feed. */
export function TopBar(): ReactElement {
  const { status, queue, errors } = useSidecar();
  const version = useStore(status)?.server.replace("pgsidecar/", "");
  const dead = useStore(queue)?.dead ?? 0;
  const failed = useStore(errors.cell).length;
  const marks: Record<string, number> = { spool: dead, errors: failed };
  return (
    <header className="top">
      <img src="./icon.svg" alt="" width="26" height="26" />
      <h1>pgsidecar</h1>
      <span className="muted" id="version">{version}</span>
      <nav className="parts" aria-label="Parts of this page">
        {parts.map(([id, title]) => (
          <a key={id} href={`#${id}`}>
            {title}
            {marks[id] ? <span className={id === "spool" ? "mark bad" : "mark"}>{marks[id] >= 100 ? "99+" : marks[id]}</span> : null}
          </a>
        ))}
      </nav>
      <span className="spacer" />
      <RealtimeStatus announce={false} />
    </header>
  );
}
