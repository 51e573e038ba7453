/** What this package needs of a WebSocket: the browser's, Node's own and npm's `ws` fit. */
export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
}

export type SocketConstructor = new (url: string, protocols?: string[]) => SocketLike;

export interface SocketEvents {
  open(): void;
  text(data: string): void;
  closed(code: number, reason: string): void;
}

/** Opens a socket; throws what the constructor throws for an unusable address. */
export function openSocket(Socket: SocketConstructor, url: string, protocols: string[], events: SocketEvents): SocketLike {
  const socket = new Socket(url, protocols);
  socket.onopen = () => events.open();
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (typeof data === "string") events.text(data);
  };
  socket.onclose = ({ code, reason }: { code: number; reason: string }) => events.closed(code, reason);
  // A close event follows; without a listener npm's ws would throw.
  socket.onerror = () => undefined;
  return socket;
}
