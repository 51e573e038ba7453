import type { QueueStorage } from "./queue-storage.js";
import { isQueuedMessage, type QueuedMessage } from "./queued-message.js";

/** One entry with the list as JSON. What is not a queue is taken for an empty one. */
export class LocalStorage implements QueueStorage {
  constructor(
    private readonly key: string,
    private readonly storage: Pick<Storage, "getItem" | "setItem">,
  ) {}

  async load(): Promise<QueuedMessage[]> {
    return this.#read();
  }

  async put(message: QueuedMessage): Promise<void> {
    this.#write([...this.#read().filter(({ id }) => id !== message.id), message]);
  }

  async remove(gone: string): Promise<void> {
    this.#write(this.#read().filter(({ id }) => id !== gone));
  }

  #read(): QueuedMessage[] {
    try {
      const list: unknown = JSON.parse(this.storage.getItem(this.key) ?? "[]");
      return Array.isArray(list) ? list.filter(isQueuedMessage) : [];
    } catch {
      return [];
    }
  }

  #write(messages: QueuedMessage[]): void {
    this.storage.setItem(this.key, JSON.stringify(messages));
  }
}
