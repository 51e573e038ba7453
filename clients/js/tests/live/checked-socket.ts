import { WebSocket } from "ws";
import type { ClientMessage, ServerMessage } from "@pgsidecar/client";
import { checkClientMessage, checkServerMessage } from "../support/schema.js";

/** npm's ws that notes every frame, and every one that is not of the contract. */
export class CheckedSocket extends WebSocket {
  static readonly sent: ClientMessage[] = [];
  static readonly received: ServerMessage[] = [];
  static readonly faults: string[] = [];

  constructor(url: string, protocols?: string[]) {
    super(url, protocols);
    this.on("message", (data, binary) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      CheckedSocket.received.push(message);
      if (binary) CheckedSocket.faults.push("a binary frame");
      note(() => checkServerMessage(message));
    });
  }

  override send(data: string): void {
    const message = JSON.parse(data) as ClientMessage;
    CheckedSocket.sent.push(message);
    note(() => checkClientMessage(message));
    super.send(data);
  }
}

function note(check: () => void): void {
  try {
    check();
  } catch (error) {
    CheckedSocket.faults.push(String(error));
  }
}
