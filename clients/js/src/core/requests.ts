import type { ClientMessage, Request } from "./client-messages.js";
import { RealtimeError } from "./realtime-error.js";
import type { ReplyMessage } from "./server-messages.js";

interface Waiting {
  resolve(result: Record<string, unknown>): void;
  reject(error: RealtimeError): void;
  timer: ReturnType<typeof setTimeout>;
}

/** Requests and their replies. Each ends once: by its reply, its time limit or the loss of the connection. */
export class Requests {
  readonly #waiting = new Map<string, Waiting>();
  #next = 1;

  constructor(
    private readonly send: (message: ClientMessage) => boolean,
    private readonly timeoutMs: number,
  ) {}

  request(request: Request, timeoutMs = this.timeoutMs): Promise<Record<string, unknown>> {
    const id = String(this.#next++);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new RealtimeError("TIMED_OUT", `The sidecar did not answer ${request.type} within ${timeoutMs} ms.`));
      }, timeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      if (!this.send({ ...request, id })) {
        this.#take(id)?.reject(new RealtimeError("NOT_CONNECTED", `Not connected: ${request.type} was not sent.`));
      }
    });
  }

  settle({ id, payload }: ReplyMessage): void {
    const waiting = this.#take(id);
    if (payload.ok) waiting?.resolve(payload.result ?? {});
    else waiting?.reject(RealtimeError.refused(payload.error));
  }

  rejectAll(error: RealtimeError): void {
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    return waiting;
  }
}
