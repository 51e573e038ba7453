import { statusBadge, statusDetails } from "@pgsidecar/client";
import { createEffect, createSignal, createUniqueId, For, onCleanup, type JSX } from "solid-js";
import { useHeldClient } from "./use-held-client.js";
import { useStore } from "./use-store.js";

/**
 * Live, Connecting... or Offline; pressed, it shows details and a reconnect button. Escape closes them.
 * `announce={false}` leaves changes to other live regions of the page.
 */
export function RealtimeStatus(props: { class?: string; announce?: boolean }): JSX.Element {
  const client = useHeldClient();
  const connection = useStore(client.connection);
  const database = useStore(client.database);
  const [open, setOpen] = createSignal(false);
  const id = createUniqueId();
  const badge = () => statusBadge(connection());
  let root: HTMLDivElement | undefined;
  let button: HTMLButtonElement | undefined;

  createEffect(() => {
    if (!open()) return;
    const away = (event: PointerEvent): void => {
      if (!root?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", away);
    onCleanup(() => document.removeEventListener("pointerdown", away));
  });
  const keys = ({ key }: KeyboardEvent): void => {
    if (key !== "Escape" || !open()) return;
    setOpen(false);
    button?.focus();
  };

  return (
    <div class={`pgs-status-root ${props.class ?? ""}`} ref={(element) => (root = element)} on:keydown={keys}>
      <button
        type="button"
        class="pgs-status"
        data-tone={badge().tone}
        ref={(element) => (button = element)}
        aria-expanded={open()}
        aria-controls={id}
        on:click={() => setOpen(!open())}
      >
        <span class={badge().busy ? "pgs-spinner" : "pgs-dot"} aria-hidden="true" />
        <span role={props.announce === false ? undefined : "status"}>{badge().text}</span>
      </button>
      <div id={id} class="pgs-popover" role="group" aria-label="Connection details" hidden={!open()}>
        <dl>
          <For each={statusDetails(connection(), database())}>
            {([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
        <button type="button" on:click={() => client.reconnect()}>
          Reconnect
        </button>
      </div>
    </div>
  );
}
