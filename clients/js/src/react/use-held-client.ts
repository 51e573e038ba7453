import { retainClient, type RealtimeClient } from "@pgsidecar/client";
import { useEffect } from "react";
import { useRealtimeClient } from "./client-context.js";

/** The client, connected for as long as somebody uses it. */
export function useHeldClient(): RealtimeClient {
  const client = useRealtimeClient();
  useEffect(() => retainClient(client), [client]);
  return client;
}
