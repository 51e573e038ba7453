import { retainClient, type RealtimeClient } from "@pgsidecar/client";
import { onCleanup, onMount } from "solid-js";
import { useRealtimeClient } from "./client-context.js";

/** The client, connected for as long as somebody uses it. */
export function useHeldClient(): RealtimeClient {
  const client = useRealtimeClient();
  onMount(() => onCleanup(retainClient(client)));
  return client;
}
