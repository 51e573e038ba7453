import { ConnectionHealth, useStore } from "@pgsidecar/client/react";
import type { ReactElement } from "react";
import { readStoredToken } from "../data/token.js";
import { span } from "../lib/format.js";
import { About } from "./about.js";
import { useSidecar } from "./context.js";
import { useTick } from "./use-tick.js";

export function Footer(): ReactElement {
  const sidecar = useSidecar();
  const status = useStore(sidecar.status);
  useTick();
  return (
    <footer>
      <span className="muted" id="uptime">
        {status && `Sidecar up for ${span(sidecar.now() - Date.parse(status.startedAt))}`}
      </span>
      <span className="muted">
        Feed <ConnectionHealth announce={false} />
      </span>
      <span className="spacer" />
      <Raw />
      <About />
    </footer>
  );
}

/** Links cannot carry a token without showing it in the address, so there are none where one is needed. */
function Raw(): ReactElement | null {
  const { token } = useSidecar();
  if (useStore(token) !== "fine" || readStoredToken() !== null) return null;
  return (
    <nav aria-label="Raw data">
      <a href="metrics">metrics</a>
      <a href="api/status">status</a>
      <a href="api/operations">operations</a>
      <a href="ws/info">feed</a>
      <a href="readyz">ready</a>
    </nav>
  );
}
