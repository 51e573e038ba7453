import { IndexedDbStorage } from "./indexed-db-storage.js";
import { LocalStorage } from "./local-storage.js";
import { MemoryStorage } from "./memory-storage.js";
import type { QueuedMessage } from "./queued-message.js";

/** Where the offline queue outlives the page. Every call may fail; the queue then goes on in memory. */
export interface QueueStorage {
  load(): Promise<QueuedMessage[]>;
  /** Adds it or replaces the one of its id. */
  put(message: QueuedMessage): Promise<void>;
  remove(id: string): Promise<void>;
}

export type QueueStorageKind = "indexeddb" | "localstorage" | "memory";

/** The best there is: IndexedDB, else localStorage, else memory. Reading the properties may throw where they are forbidden. */
export function openStorage(key: string, kind?: QueueStorageKind): QueueStorage {
  try {
    if ((kind ?? "indexeddb") === "indexeddb" && typeof indexedDB !== "undefined" && indexedDB) {
      return new IndexedDbStorage(key);
    }
    if (kind !== "memory" && typeof localStorage !== "undefined" && localStorage) return new LocalStorage(key, localStorage);
  } catch {
    // Forbidden by the browser's settings.
  }
  return new MemoryStorage();
}
