import type { PresenceMap, PresenceMeta } from "./server-messages.js";

export interface PresenceChange {
  joins: PresenceMap;
  leaves: PresenceMap;
}

/** One key has few metas, so that looking through a list is cheap. */
function without(metas: PresenceMeta[] = [], gone: PresenceMeta[] = []): PresenceMeta[] {
  const refs = gone.flatMap(({ ref, prevRef }) => [ref, prevRef]);
  return metas.filter(({ ref }) => !refs.includes(ref));
}

/** `of` without what is in `gone`; keys that nothing is left of disappear. */
function subtract(of: PresenceMap, gone: PresenceMap): PresenceMap {
  const left = Object.entries(of).map(([key, metas]) => [key, without(metas, gone[key])] as const);
  return Object.fromEntries(left.filter(([, metas]) => metas.length > 0));
}

/** Who is on one channel. */
export class PresenceState {
  current: PresenceMap = {};
  /** A state has arrived since the subscription. */
  synced = false;

  /** A whole state; says what differs from before. */
  replace(state: PresenceMap): PresenceChange {
    const change = { joins: subtract(state, this.current), leaves: subtract(this.current, state) };
    this.current = state;
    this.synced = true;
    return change;
  }

  merge(change: PresenceChange): PresenceChange {
    const { joins, leaves } = change;
    const next = { ...this.current };
    for (const key in joins) next[key] = [...without(next[key], joins[key]), ...(joins[key] ?? [])];
    this.current = subtract(next, leaves);
    return change;
  }
}
