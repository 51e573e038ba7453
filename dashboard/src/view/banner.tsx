import { useStore } from "@pgsidecar/client/react";
import { useEffect, useState, type ReactElement } from "react";
import { useSidecar } from "./context.js";
import { useKnown } from "./use-known.js";
import { useTick } from "./use-tick.js";

/** A feed that opens within this time needs no words. */
const patienceMs = 3000;

/** Says that the sidecar is out of reach, or that only polling reaches it. */
export function Banner(): ReactElement | null {
  const sidecar = useSidecar();
  const { connection, contact, lostAt, locked } = useKnown();
  const reachable = useStore(sidecar.contact).ok;
  const late = useLate(connection.state !== "connected");
  useTick();
  if (locked || connection.state === "connected") return null;
  const lost = !contact && lostAt !== null;
  if (!lost && !(reachable && late)) return null;
  const why = connection.error ? ` ${connection.error.message}` : "";
  const text = lost ? "Connection to the sidecar lost." : `No live feed; the figures are polled every 2 s.${why}`;
  return (
    <div className="banner" id="banner" data-tone={lost ? "bad" : "warn"}>
      <span id="banner-text">
        {text} {nextAttempt(connection)}
      </span>
      <button type="button" id="banner-retry" onClick={() => sidecar.retryNow()}>
        Try now
      </button>
    </div>
  );
}

function nextAttempt({ nextRetryAt, online, state }: ReturnType<typeof useKnown>["connection"]): string {
  if (!online) return "This machine is offline.";
  if (state === "connecting") return "Trying again now.";
  if (nextRetryAt === null) return "";
  return `Next attempt in ${Math.max(0, Math.ceil((nextRetryAt - Date.now()) / 1000))} s.`;
}

/** True when the condition has held for a while. */
function useLate(condition: boolean): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (!condition) return;
    const timer = setTimeout(() => setLate(true), patienceMs);
    return () => clearTimeout(timer);
  }, [condition]);
  return late;
}
