import { defaultClient, type RealtimeClient } from "@pgsidecar/client";
import { createContext, useContext, type JSX, type ParentProps } from "solid-js";

const ClientContext = createContext<RealtimeClient>();

/** Gives primitives and components below it their client; without one they use the default client. */
export function RealtimeProvider(props: ParentProps<{ client: RealtimeClient }>): JSX.Element {
  return <ClientContext.Provider value={props.client}>{props.children}</ClientContext.Provider>;
}

export function useRealtimeClient(): RealtimeClient {
  return useContext(ClientContext) ?? defaultClient();
}
