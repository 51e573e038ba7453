import { recoverFrom, RecoverySpacing } from "@pgsidecar/client";
import { ErrorBoundary, onCleanup, type JSX, type ParentProps } from "solid-js";
import { useRealtimeClient } from "./client-context.js";

export interface RealtimeErrorBoundaryProps {
  /** In place of the default words. */
  fallback?: JSX.Element;
  /** For errors of the class auth. Default: the client asks its token source again. */
  refreshToken?: () => Promise<void>;
  onError?: (error: unknown) => void;
}

/** Stands in for a live view that threw, and shows it again once the cause is dealt with by its class. */
export function RealtimeErrorBoundary(props: ParentProps<RealtimeErrorBoundaryProps>): JSX.Element {
  const client = useRealtimeClient();
  const spacing = new RecoverySpacing();
  const caught = (error: unknown, reset: () => void): JSX.Element => {
    props.onError?.(error);
    const { refreshToken } = props;
    const more = refreshToken ? { refreshToken } : {};
    onCleanup(recoverFrom(error, client, { ...more, leastDelayMs: spacing.next(), recovered: reset }));
    return props.fallback ?? <Unavailable />;
  };
  return <ErrorBoundary fallback={caught}>{props.children}</ErrorBoundary>;
}

function Unavailable(): JSX.Element {
  return (
    <div class="pgs-unavailable" role="alert">
      <p>Live updates temporarily unavailable</p>
      <p>Data will refresh automatically</p>
    </div>
  );
}
