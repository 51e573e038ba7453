import type { QueueStorage } from "./queue-storage.js";
import { isQueuedMessage, type QueuedMessage } from "./queued-message.js";

const database = "pgsidecar";

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

/** One record a message, in an object store named as the key. A database each, so that no versions need agreement. */
export class IndexedDbStorage implements QueueStorage {
  #opened: Promise<IDBDatabase> | undefined;

  constructor(private readonly key: string) {}

  async load(): Promise<QueuedMessage[]> {
    const list: unknown[] = await this.#run("readonly", (store) => store.getAll());
    return list.filter(isQueuedMessage);
  }

  async put(message: QueuedMessage): Promise<void> {
    await this.#run("readwrite", (store) => store.put(message));
  }

  async remove(id: string): Promise<void> {
    await this.#run("readwrite", (store) => store.delete(id));
  }

  async #run<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const db = await (this.#opened ??= this.#open());
    return done(act(db.transaction(this.key, mode).objectStore(this.key)));
  }

  async #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(`${database}:${this.key}`, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(this.key, { keyPath: "id" });
    try {
      return await done(request);
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }
}
