import { RealtimeErrorBoundary } from "@pgsidecar/client/react";
import type { ReactElement, ReactNode, Ref } from "react";
import { ApiError } from "../data/api.js";

interface PanelProps {
  id: string;
  title: string;
  /** Behind the title, small. */
  note?: ReactNode;
  /** At the right end of the head: filters and buttons. */
  tools?: ReactNode;
  children: ReactNode;
  ref?: Ref<HTMLElement>;
}

/** A part of the page with a head; what breaks inside of it leaves the others standing. */
export function Panel({ id, title, note, tools, children, ref }: PanelProps): ReactElement {
  return (
    <section className="panel" id={id} aria-labelledby={`${id}-title`} tabIndex={-1} ref={ref}>
      <div className="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        <span className="muted" id={`${id}-note`}>{note}</span>
        <span className="spacer" />
        {tools}
      </div>
      <RealtimeErrorBoundary>{children}</RealtimeErrorBoundary>
    </section>
  );
}

/** What stands in a panel that has nothing to show. */
export function Empty({ title, children }: { title: string; children?: ReactNode }): ReactElement {
  return (
    <div className="empty">
      <p><strong>{title}</strong></p>
      {children && <p className="muted">{children}</p>}
    </div>
  );
}

/** Why a panel cannot show its data; nothing while there is old data, which its note calls old. */
export function Unavailable({ fault }: { fault: ApiError | null }): ReactElement {
  if (fault === null) return <Empty title="Loading …" />;
  if (fault.status === 403) return <Empty title="Not for this token">{fault.message}</Empty>;
  if (fault.status === 404) return <Empty title="Not offered here">This sidecar does not answer that question.</Empty>;
  return <Empty title="No answer">{fault.message}</Empty>;
}

/** For a panel's note: the newest attempt failed. */
export function staleNote(fault: ApiError | null): string {
  return fault ? "not up to date: the last attempt failed" : "";
}
