import type { Position } from "./client-messages.js";
import type { GapPayload, ServerMessage } from "./server-messages.js";

const maxRemembered = 1000;

/**
 * The place up to which everything was seen, and what was seen beyond it. Status and errors travel in a faster lane than
 * data, so their numbers do not move the place while data is expected: an older event may still be on its way.
 */
export class StreamPosition {
  #place: Position | undefined;
  readonly #ahead = new Set<number>();
  #recovering = false;

  /** Undefined before the first session. */
  get current(): Position | undefined {
    return this.#place;
  }

  reset(place: Position): void {
    this.#place = { ...place };
    this.#ahead.clear();
    this.#recovering = false;
  }

  /** From now to recovered(), live messages may overtake replayed ones. */
  beginRecovery(): void {
    this.#recovering = true;
  }

  recovered(head: number): void {
    this.#recovering = false;
    this.#moveTo(Math.max(head, ...this.#ahead));
  }

  gap({ epoch, to }: GapPayload): void {
    if (this.#place?.epoch !== epoch) this.reset({ epoch, seq: to });
    else if (!this.#recovering) this.#moveTo(to);
  }

  /** False for a message that was handed on before. */
  accept(message: ServerMessage, dataExpected: boolean): boolean {
    const { seq, type, replay } = message;
    if (seq === undefined || !this.#place) return true;
    const data = type === "event" || type === "change" || type === "broadcast";
    // Status and error come again with each greeting, as the present state.
    if ((data || replay) && (this.#ahead.has(seq) || (!replay && seq <= this.#place.seq))) return false;
    if (this.#recovering || (!data && dataExpected)) this.#remember(seq);
    else this.#moveTo(seq);
    return true;
  }

  #moveTo(seq: number): void {
    if (!this.#place || seq <= this.#place.seq) return;
    this.#place.seq = seq;
    for (const one of this.#ahead) if (one <= seq) this.#ahead.delete(one);
  }

  #remember(seq: number): void {
    if (!this.#place || seq <= this.#place.seq) return;
    this.#ahead.add(seq);
    // Then a message may be handed on twice, which is better than memory without end.
    if (this.#ahead.size > maxRemembered) this.#ahead.delete(this.#ahead.values().next().value ?? 0);
  }
}
