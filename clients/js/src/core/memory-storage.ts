import type { QueueStorage } from "./queue-storage.js";
import type { QueuedMessage } from "./queued-message.js";

/** Lives as long as the page. */
export class MemoryStorage implements QueueStorage {
  readonly #messages = new Map<string, QueuedMessage>();

  load(): Promise<QueuedMessage[]> {
    return Promise.resolve([...this.#messages.values()]);
  }

  put(message: QueuedMessage): Promise<void> {
    this.#messages.set(message.id, message);
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.#messages.delete(id);
    return Promise.resolve();
  }
}
