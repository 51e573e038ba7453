import { Show, type JSX } from "solid-js";
import { useConnectionHealth } from "./use-status.js";

/** A coloured dot, the word and the latency. */
export function ConnectionHealth(props: { class?: string }): JSX.Element {
  const health = useConnectionHealth();
  return (
    <span class={`pgs-health ${props.class ?? ""}`} data-tone={health().color}>
      <span class="pgs-dot" aria-hidden="true" />
      <span>
        <span role="status">{health().status}</span>
        <Show when={health().latency !== null}>{` (${Math.round(health().latency ?? 0)}ms)`}</Show>
      </span>
    </span>
  );
}
