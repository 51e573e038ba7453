export interface QueuedMessage {
  id: string;
  channel: string;
  event: string;
  payload: unknown;
  /** Wall clock ms, made to differ, so that it gives the order. */
  timestamp: number;
  /** Sends that failed. */
  retries: number;
}

export function isQueuedMessage(value: unknown): value is QueuedMessage {
  const message = value as QueuedMessage | null;
  return (
    typeof message === "object" &&
    typeof message?.id === "string" &&
    typeof message.channel === "string" &&
    typeof message.event === "string" &&
    typeof message.timestamp === "number" &&
    typeof message.retries === "number"
  );
}
