import { useStore } from "@pgsidecar/client/react";
import { useEffect, useState, type ReactElement } from "react";
import { clock, duration, span } from "../lib/format.js";
import { judge } from "../lib/verdict.js";
import { useSidecar } from "./context.js";
import { Icon } from "./icon.js";
import { useKnown } from "./use-known.js";
import { useTick } from "./use-tick.js";

/** Clocks that differ by less than this need no words. */
const skewWorthSaying = 3000;

/** The answer to the first question: is the database there? */
export function VerdictLine(): ReactElement {
  const sidecar = useSidecar();
  const known = useKnown();
  const said = useStore(sidecar.said);
  useTick();
  const { tone, icon, word, reason, since } = judge(known);
  useEffect(() => void (document.title = `${word} · pgsidecar`), [word]);
  return (
    <section className="verdict" id="verdict" data-tone={tone} aria-label="Verdict">
      <Icon name={icon} className="verdict-icon" />
      <div className="verdict-body">
        <div aria-live="polite">
          <p className="verdict-word" id="verdict-word">{word}</p>
          <p className="verdict-reason" id="verdict-reason">{reason}</p>
          <p className="sr" id="said">{said}</p>
        </div>
        <p className="muted" id="verdict-since">{sinceText(since, sidecar.now(), known)}</p>
        <Skew />
      </div>
      <Actions />
    </section>
  );
}

function sinceText(since: string | number | null, sidecarNow: number, { health, status, contact }: ReturnType<typeof useKnown>): string {
  if (since === null) return "";
  const now = typeof since === "number" ? Date.now() : sidecarNow;
  const parts = [`since ${clock(since)} (${span(now - new Date(since).getTime())})`];
  if (contact && status?.status === "connected" && health?.healthy) parts.push(`last check ${duration(health.latency)}`);
  if (contact && status?.status !== "connected" && status?.nextRetryMs) {
    parts.push(`next attempt within ${span(Math.max(1000, status.nextRetryMs))}`);
  }
  return parts.join(", ");
}

function Skew(): ReactElement | null {
  const { skewMs } = useSidecar();
  if (Math.abs(skewMs) < skewWorthSaying) return null;
  return (
    <p className="muted" id="skew">
      <Icon name="clock" /> The sidecar&rsquo;s clock is {span(Math.abs(skewMs))} {skewMs > 0 ? "ahead of" : "behind"} this
      machine&rsquo;s. Times on this page are the sidecar&rsquo;s.
    </p>
  );
}

/** Check and reconnect; over HTTP, so that they work where the feed is refused. */
function Actions(): ReactElement {
  const { api, contact, status, tell, token, poll } = useActions();
  const [busy, setBusy] = useState<"check" | "reconnect" | null>(null);
  const [result, setResult] = useState("");
  const known = useKnown();
  const down = known.status !== null && known.status.status !== "connected";

  async function run(what: "check" | "reconnect", ask: () => Promise<string>): Promise<void> {
    setBusy(what);
    setResult("Asked …");
    let text: string;
    try {
      text = await ask();
    } catch (fault) {
      text = `Not done: ${(fault as Error).message}`;
    }
    setBusy(null);
    setResult(text);
    tell(text);
    void poll();
  }

  if (token !== "fine") return <div className="verdict-actions" />;
  return (
    <div className="verdict-actions">
      <div className="buttons">
        <button type="button" id="check" disabled={!contact || busy !== null} onClick={() => void run("check", () => check(api))}>
          {busy === "check" ? "Checking …" : "Check health"}
        </button>
        <button
          type="button"
          id="reconnect"
          disabled={!contact || !down || busy !== null || status?.mayReconnect === false}
          title={status?.mayReconnect === false ? "Needs the scope db:reconnect" : undefined}
          onClick={() => void run("reconnect", () => reconnect(api))}
        >
          {busy === "reconnect" ? "Connecting …" : "Reconnect"}
        </button>
      </div>
      <p className="muted" id="action-result">{result}</p>
    </div>
  );
}

function useActions() {
  const sidecar = useSidecar();
  return {
    api: sidecar.api,
    contact: useKnown().contact,
    status: useStore(sidecar.status),
    token: useStore(sidecar.token),
    poll: () => sidecar.poll(),
    tell: (text: string) => sidecar.said.set(text),
  };
}

type Asker = ReturnType<typeof useActions>["api"];

async function check(api: Asker): Promise<string> {
  const health = await api.post<{ healthy: boolean; latency: number; timestamp: string; error?: string }>("api/health");
  return health.healthy
    ? `Checked at ${clock(health.timestamp)}: ${duration(health.latency)}.`
    : `Checked: ${health.error ?? "it failed."}`;
}

async function reconnect(api: Asker): Promise<string> {
  return (await api.post<{ message: string }>("api/reconnect")).message;
}
