import { Show, type JSX } from "solid-js";
import { useConnectionHealth } from "./use-status.js";

/** A coloured dot, the word and the latency. `announce={false}` leaves changes to other live regions of the page. */
export function ConnectionHealth(props: { class?: string; announce?: boolean }): JSX.Element {
  const health = useConnectionHealth();
  return (
    <span class={`pgs-health ${props.class ?? ""}`} data-tone={health().color}>
      <span class="pgs-dot" aria-hidden="true" />
      <span>
        <span role={props.announce === false ? undefined : "status"}>{health().status}</span>
        <Show when={health().latency !== null}>{` (${Math.round(health().latency ?? 0)}ms)`}</Show>
      </span>
    </span>
  );
}
