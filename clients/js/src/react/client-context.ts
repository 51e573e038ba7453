import { defaultClient, type RealtimeClient } from "@pgsidecar/client";
import { createContext, createElement, useContext, type ReactElement, type ReactNode } from "react";

const ClientContext = createContext<RealtimeClient | null>(null);

export interface RealtimeProviderProps {
  client: RealtimeClient;
  children?: ReactNode;
}

/** Gives hooks and components below it their client; without one they use the default client. */
export function RealtimeProvider({ client, children }: RealtimeProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

export function useRealtimeClient(): RealtimeClient {
  return useContext(ClientContext) ?? defaultClient();
}
