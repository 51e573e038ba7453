import { recoverFrom, RecoverySpacing, type RealtimeClient } from "@pgsidecar/client";
import { Component, type ErrorInfo, type ReactElement, type ReactNode } from "react";
import { useRealtimeClient } from "./client-context.js";

export interface RealtimeErrorBoundaryProps {
  children?: ReactNode;
  /** In place of the default words. */
  fallback?: ReactNode;
  /** For errors of the class auth. Default: the client asks its token source again. */
  refreshToken?: () => Promise<void>;
  onError?: (error: Error) => void;
}

type InnerProps = RealtimeErrorBoundaryProps & { client: RealtimeClient };

class Boundary extends Component<InnerProps, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };
  private cancel: (() => void) | undefined;
  private readonly spacing = new RecoverySpacing();

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override componentDidCatch(error: Error, _info: ErrorInfo): void {
    const { client, refreshToken, onError } = this.props;
    onError?.(error);
    this.cancel?.();
    this.cancel = recoverFrom(error, client, {
      ...(refreshToken ? { refreshToken } : {}),
      leastDelayMs: this.spacing.next(),
      recovered: () => this.setState({ error: null }),
    });
  }

  override componentWillUnmount(): void {
    this.cancel?.();
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    return this.props.fallback ?? <Unavailable />;
  }
}

function Unavailable(): ReactElement {
  return (
    <div className="pgs-unavailable" role="alert">
      <p>Live updates temporarily unavailable</p>
      <p>Data will refresh automatically</p>
    </div>
  );
}

/** Stands in for a live view that threw, and shows it again once the cause is dealt with by its class. */
export function RealtimeErrorBoundary(props: RealtimeErrorBoundaryProps): ReactElement {
  return <Boundary {...props} client={useRealtimeClient()} />;
}
