import { Show, type JSX } from "solid-js";
import { useOfflineQueue } from "./use-status.js";

/** "N message(s) pending"; nothing when none waits. */
export function QueueStatus(props: { class?: string }): JSX.Element {
  const { messages } = useOfflineQueue();
  return (
    <span role="status" class={`pgs-queue ${props.class ?? ""}`}>
      <Show when={messages().length > 0}>{`${messages().length} message(s) pending`}</Show>
    </span>
  );
}
