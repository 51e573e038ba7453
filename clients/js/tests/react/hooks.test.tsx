import { act, cleanup, render, renderHook } from "@testing-library/react";
import { StrictMode, type ReactElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultClient, reconnectPresets, setDefaultClient, type ClientOptions, type Element as RealtimeElement, type Row } from "@pgsidecar/client";
import {
  RealtimeProvider,
  useDatabaseStatus,
  useDegradedPolling,
  useLazyChannel,
  useOfflineQueue,
  useRealtimeClient,
  useRealtimeConnection,
  useRealtimeEvents,
  useSharedChannel,
  useSharedRows,
  useWebSocketState,
} from "../../src/react/index.js";
import { at, epoch } from "../support/fake-socket.js";
import { advance, stage, type Stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const settle = (ms = 0): Promise<void> => act(async () => void (await advance(ms)));

interface ReactStage extends Stage {
  wrapper: (props: { children: ReactNode }) => ReactElement;
}

function reactStage(options?: ClientOptions): ReactStage {
  const made = stage(options);
  const wrapper = ({ children }: { children: ReactNode }): ReactElement => (
    <StrictMode>
      <RealtimeProvider client={made.client}>{children}</RealtimeProvider>
    </StrictMode>
  );
  return { ...made, wrapper };
}

const event = (seq: number, action: "created" | "updated" | "deleted", type = "task") =>
  ({ type: "event", channel: "tasks", seq, payload: { action, element: { type, id: `t${seq}` } } }) as const;

describe("useRealtimeConnection", () => {
  it("connects while mounted, tells what happens, and leaves nothing behind", async () => {
    const { server, client, wrapper } = reactStage();
    const told: string[] = [];
    const { result, unmount } = renderHook(
      () =>
        useRealtimeConnection({
          onConnect: () => told.push("connect"),
          onDisconnect: () => told.push("disconnect"),
          onError: (error) => told.push(error.name),
        }),
      { wrapper },
    );
    expect(result.current).toMatchObject({ status: "connecting", isConnecting: true, isConnected: false });
    await settle();
    expect(result.current).toMatchObject({ status: "connected", isConnected: true, reconnectAttempts: 0 });
    act(() => server.socket.drop(1006));
    expect(result.current.status).toBe("connecting");
    expect(told).toEqual(["connect", "RealtimeError", "disconnect"]);
    unmount();
    await advance(1);
    expect(client.connection.getSnapshot().state).toBe("disconnected");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("used bare waits 3, 6, 12, 24, 48 s and then shows an error", async () => {
    const { server, wrapper } = reactStage();
    server.refuse = true;
    const { result } = renderHook(() => useRealtimeConnection(), { wrapper });
    await settle();
    for (const [attempts, wait] of [3000, 6000, 12_000, 24_000, 48_000].entries()) {
      expect(result.current).toMatchObject({ status: "connecting", reconnectAttempts: attempts });
      await settle(wait - 1);
      expect(server.sockets.length).toBe(attempts + 1);
      await settle(1);
    }
    expect(server.sockets.length).toBe(6);
    expect(result.current).toMatchObject({ status: "error", reconnectAttempts: 5 });
    server.refuse = false;
    act(() => result.current.reconnect());
    await settle();
    expect(result.current.isConnected).toBe(true);
    act(() => result.current.disconnect());
    expect(result.current.status).toBe("disconnected");
  });

  it("takes interval and attempts, over the application's own policy", async () => {
    const { server, wrapper } = reactStage({ reconnect: reconnectPresets.patterns });
    server.refuse = true;
    const { result } = renderHook(() => useRealtimeConnection({ reconnectInterval: 500, maxReconnectAttempts: 1 }), { wrapper });
    await settle();
    await settle(500);
    expect(result.current).toMatchObject({ status: "error", reconnectAttempts: 1 });
  });

  it("used bare leaves the application's own policy in force", async () => {
    const { server, wrapper } = reactStage({ reconnect: { baseMs: 100, jitter: 0 } });
    server.refuse = true;
    const { result } = renderHook(() => useRealtimeConnection(), { wrapper });
    await settle();
    await settle(100);
    expect(result.current.reconnectAttempts).toBe(1);
  });
});

describe("useWebSocketState", () => {
  it("tells reconnecting apart and shows error as disconnected", async () => {
    const { server, wrapper } = reactStage({ reconnect: { maxAttempts: 1, jitter: 0 } });
    const { result } = renderHook(() => useWebSocketState(), { wrapper });
    expect(result.current).toBe("connecting");
    await settle();
    expect(result.current).toBe("connected");
    server.refuse = true;
    act(() => server.socket.drop(1006));
    expect(result.current).toBe("reconnecting");
    await settle(1000);
    expect(result.current).toBe("disconnected");
  });

  it("is shared: one socket for any number of components", async () => {
    const { server, wrapper: Wrapper } = reactStage();
    const State = (): ReactElement => <i>{useWebSocketState()}</i>;
    const { container } = render(<Wrapper><State /><State /><State /></Wrapper>);
    await settle();
    expect(container.textContent).toBe("connectedconnectedconnected");
    expect(server.sockets.length).toBe(1);
  });
});

describe("useRealtimeEvents", () => {
  it("calls back for created, updated and deleted, with the newest callbacks", async () => {
    const { server, wrapper } = reactStage();
    const told: string[] = [];
    const { rerender, unmount } = renderHook(
      ({ tag }) => {
        const tell = (kind: string) => ({ id, type }: RealtimeElement) => void told.push(`${tag} ${kind} ${type} ${id}`);
        useRealtimeEvents({
          onElementCreated: tell("created"),
          onElementUpdated: tell("updated"),
          onElementDeleted: tell("deleted"),
          onGap: ({ reason }) => void told.push(`${tag} ${reason}`),
        });
      },
      { wrapper, initialProps: { tag: "a" } },
    );
    await settle();
    expect(server.socket.sentOf("subscribe")).toMatchObject([{ channel: "*" }]);
    server.socket.say(event(11, "created"));
    rerender({ tag: "b" });
    server.socket.say(event(12, "updated", "agent"));
    server.socket.say(event(13, "deleted"));
    server.socket.say({ type: "stream:gap", payload: { reason: "source-lost", epoch, from: 13, to: 14 } });
    expect(told).toEqual(["a created task t11", "b updated agent t12", "b deleted task t13", "b source-lost"]);
    expect(server.socket.sentOf("subscribe").length).toBe(1);
    unmount();
    await advance();
    expect(server.socket.sentOf("unsubscribe").length).toBe(1);
  });

  it("takes channels", async () => {
    const { server, wrapper } = reactStage();
    const { rerender } = renderHook(({ channels }) => useRealtimeEvents({ channels }), {
      wrapper,
      initialProps: { channels: ["tasks", "messages:7"] },
    });
    await settle();
    rerender({ channels: ["tasks", "messages:7"] });
    await settle();
    expect(server.socket.sentOf("subscribe").map(({ channel }) => channel)).toEqual(["tasks", "messages:7"]);
    rerender({ channels: ["plans"] });
    await settle();
    expect(server.socket.sentOf("unsubscribe").map(({ channel }) => channel)).toEqual(["tasks", "messages:7"]);
  });
});

describe("useSharedChannel", () => {
  it("loads once for all, follows changes, and unsubscribes with the last", async () => {
    const { server, wrapper } = reactStage();
    const load = vi.fn(() => Promise.resolve([{ id: 1, status: "open" }]));
    const use = (): readonly Row[] => useSharedChannel<Row>("positions", "positions", "user_id=eq.1", { load });
    const one = renderHook(use, { wrapper });
    const two = renderHook(use, { wrapper });
    await settle();
    const calls = load.mock.calls.length;
    expect(one.result.current).toEqual([{ id: 1, status: "open" }]);
    act(() => {
      server.socket.say({
        type: "change",
        channel: "db:public.positions",
        seq: 11,
        payload: { sub: [1], eventType: "INSERT", schema: "public", table: "positions", commitTimestamp: at, new: { id: 2 } },
      });
    });
    await settle(20);
    expect(one.result.current).toEqual([{ id: 1, status: "open" }, { id: 2 }]);
    expect(two.result.current).toBe(one.result.current);
    expect(load).toHaveBeenCalledTimes(calls);
    one.unmount();
    two.unmount();
    await settle();
    expect(server.socket.sentOf("unsubscribe").at(-1)).toMatchObject({ channel: "db:public.positions" });
  });

  it("has a form that tells whether it is ready and what failed", async () => {
    const { server, wrapper } = reactStage();
    server.handlers.subscribe = () => ({ code: "TABLE_NOT_PUBLISHED", message: "add it to the publication" });
    const { result } = renderHook(() => useSharedRows<Row>("p", "positions"), { wrapper });
    expect(result.current).toEqual({ rows: [], ready: false, error: null });
    await settle();
    expect(result.current.error?.message).toBe("add it to the publication");
  });
});

describe("useLazyChannel", () => {
  it("subscribes when asked and releases with the component", async () => {
    const { server, wrapper } = reactStage();
    const { result, unmount } = renderHook(() => useLazyChannel("tasks"), { wrapper });
    await settle();
    expect(server.socket.sent).toEqual([]);
    expect(result.current.subscribed).toBe(false);
    act(() => result.current.subscribe());
    await settle();
    expect(result.current.subscribed).toBe(true);
    expect(result.current.channel?.name).toBe("tasks");
    expect(server.socket.sentOf("subscribe")).toMatchObject([{ channel: "tasks" }]);
    act(() => result.current.unsubscribe());
    expect(result.current.subscribed).toBe(false);
    act(() => result.current.subscribe());
    unmount();
    await advance();
    expect(server.socket.sentOf("unsubscribe").length).toBeGreaterThan(0);
  });

  it("subscribes when the element comes into view", async () => {
    const watched: { see: (isIntersecting: boolean) => void; element: Element | undefined }[] = [];
    vi.stubGlobal(
      "IntersectionObserver",
      class {
        readonly entry: (typeof watched)[number];
        constructor(callback: (entries: { isIntersecting: boolean }[]) => void) {
          this.entry = { see: (isIntersecting) => callback([{ isIntersecting }]), element: undefined };
          watched.push(this.entry);
        }
        observe(element: Element): void {
          this.entry.element = element;
        }
        disconnect(): void {
          this.entry.element = undefined;
        }
      },
    );
    const { wrapper: Wrapper } = reactStage();
    const Lazy = (): ReactElement => {
      const { ref, subscribed } = useLazyChannel("expensive-data");
      return <p ref={ref}>{subscribed ? "data" : "placeholder"}</p>;
    };
    const { container, unmount } = render(<Wrapper><Lazy /></Wrapper>);
    const current = watched.at(-1);
    act(() => current?.see(false));
    expect(container.textContent).toBe("placeholder");
    act(() => current?.see(true));
    expect(container.textContent).toBe("data");
    unmount();
    expect(watched.every(({ element }) => element === undefined)).toBe(true);
  });
});

describe("the other hooks", () => {
  it("show the database, what waits, and polling", async () => {
    const { server, wrapper } = reactStage();
    const poll = vi.fn(() => Promise.resolve());
    const { result } = renderHook(
      () => ({ database: useDatabaseStatus(), queue: useOfflineQueue(), degraded: useDegradedPolling(poll, 100) }),
      { wrapper },
    );
    await settle();
    expect(result.current.database).toMatchObject({ status: "connected", mode: "local", live: true });
    server.refuse = true;
    act(() => server.socket.drop(1006));
    await act(async () => void (await result.current.queue.sendWithQueue("room:a", "e", 1)));
    expect(result.current.queue.messages.length).toBe(1);
    await settle(250);
    expect(result.current.degraded.active).toBe(true);
    expect(poll).toHaveBeenCalledTimes(2);
  });

  it("use the default client without a provider", () => {
    const { client } = stage();
    setDefaultClient(client);
    expect(renderHook(() => useRealtimeClient()).result.current).toBe(client);
    expect(defaultClient()).toBe(client);
  });

  it("render on a server, without connecting", () => {
    const { server, client } = stage();
    const State = (): ReactElement => <i>{useWebSocketState()}{useSharedChannel("a", "b").length}</i>;
    expect(renderToString(<RealtimeProvider client={client}><State /></RealtimeProvider>)).toContain("disconnected");
    expect(server.sockets.length).toBe(0);
  });
});
