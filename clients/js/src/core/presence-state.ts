import type { PresenceMap, PresenceMeta } from "./server-messages.js";

export interface PresenceChange {
  joins: PresenceMap;
  leaves: PresenceMap;
}

const refs = (metas: PresenceMeta[] | undefined): Set<string> => new Set(metas?.map((meta) => meta.ref));

/** Metas of `of` whose ref is not in `without`, by key. */
function difference(of: PresenceMap, without: PresenceMap): PresenceMap {
  const result: PresenceMap = {};
  for (const [key, metas] of Object.entries(of)) {
    const known = refs(without[key]);
    const left = metas.filter((meta) => !known.has(meta.ref));
    if (left.length > 0) result[key] = left;
  }
  return result;
}

/** Who is on one channel. */
export class PresenceState {
  #map: PresenceMap = {};
  #known = false;

  get current(): PresenceMap {
    return this.#map;
  }
  /** A state has arrived since the subscription. */
  get synced(): boolean {
    return this.#known;
  }

  /** A whole state; says what differs from before. */
  replace(state: PresenceMap): PresenceChange {
    const change = { joins: difference(state, this.#map), leaves: difference(this.#map, state) };
    this.#map = state;
    this.#known = true;
    return change;
  }

  merge({ joins, leaves }: PresenceChange): PresenceChange {
    const next = { ...this.#map };
    for (const [key, metas] of Object.entries(joins)) {
      const gone = new Set(metas.map((meta) => meta.prevRef ?? meta.ref));
      const fresh = refs(metas);
      const kept = (next[key] ?? []).filter((meta) => !gone.has(meta.ref) && !fresh.has(meta.ref));
      next[key] = [...kept, ...metas];
    }
    for (const [key, metas] of Object.entries(leaves)) {
      const gone = refs(metas);
      const left = (next[key] ?? []).filter((meta) => !gone.has(meta.ref));
      if (left.length > 0) next[key] = left;
      else delete next[key];
    }
    this.#map = next;
    return { joins, leaves };
  }
}
