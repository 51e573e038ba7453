import { allEvents } from "./channel-names.js";
import type { RealtimeClient } from "./realtime-client.js";
import type { Element, EventPayload, GapPayload } from "./server-messages.js";

export interface RealtimeEventHandlers {
  onElementCreated?: (element: Element, event: EventPayload) => void;
  onElementUpdated?: (element: Element, event: EventPayload) => void;
  onElementDeleted?: (element: Element, event: EventPayload) => void;
  /** Something was missed: refetch. */
  onGap?: (gap: GapPayload) => void;
}

/** What useRealtimeEvents does: element events of some channels to callbacks. Returns the end of it. */
export function listenForEvents(
  client: RealtimeClient,
  handlers: () => RealtimeEventHandlers,
  channels: readonly string[] = [allEvents],
): () => void {
  const opened = channels.map((name) =>
    client
      .channel(name)
      .on("event", {}, (event) => {
        const { onElementCreated, onElementUpdated, onElementDeleted } = handlers();
        if (event.action === "created") onElementCreated?.(event.element, event);
        if (event.action === "updated") onElementUpdated?.(event.element, event);
        if (event.action === "deleted") onElementDeleted?.(event.element, event);
      })
      .subscribe(),
  );
  const stop = client.on("gap", (gap) => handlers().onGap?.(gap));
  return () => {
    stop();
    for (const channel of opened) channel.unsubscribe();
  };
}
