/** A value that can be watched: the shape React's useSyncExternalStore and Solid's from() take. */
export interface ReadableStore<T> {
  getSnapshot(): T;
  /** Returns the function that ends the watching. */
  subscribe(listener: () => void): () => void;
}

export class Store<T> implements ReadableStore<T> {
  readonly #listeners = new Set<() => void>();

  constructor(private value: T) {}

  // Fields, not methods: they are handed around without their object.
  readonly getSnapshot = (): T => this.value;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.#listeners]) guard(listener);
  }

  /** Replaces some members; says nothing when none of them differs. */
  patch(members: Partial<T>): void {
    const keys = Object.keys(members) as (keyof T)[];
    if (keys.some((key) => !Object.is(members[key], this.value[key]))) this.set({ ...this.value, ...members });
  }
}

/** Calls foreign code: what it throws is reported as uncaught and does not harm the caller. */
export function guard(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (typeof reportError === "function") reportError(error);
    else console.error(error);
  }
}
