import { notices } from "@pgsidecar/client";
import { For, onCleanup, onMount, type JSX } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

export interface ConnectionToastProps {
  durationMs?: number;
  /** False where the page speaks of the connection in a live region of its own. */
  announce?: boolean;
}

/** Toasts on connection events, queued and dropped messages. Once in an application. */
export function ConnectionToast(props: ConnectionToastProps): JSX.Element {
  const shown = notices(useHeldClient(), props.durationMs === undefined ? {} : { durationMs: props.durationMs });
  const list = useStore(shown.store);
  onMount(() => onCleanup(shown.start()));
  const silent = (): boolean => props.announce === false;
  return (
    <ul
      class="pgs-toasts"
      role={silent() ? undefined : "status"}
      aria-live={silent() ? undefined : "polite"}
      aria-label="Connection messages"
    >
      <For each={list()}>
        {({ id, kind, message }) => (
          <li class="pgs-toast" data-kind={kind}>
            <span>{message}</span>
            <button type="button" aria-label={`Dismiss: ${message}`} on:click={() => shown.dismiss(id)}>
              <span aria-hidden="true">×</span>
            </button>
          </li>
        )}
      </For>
    </ul>
  );
}
