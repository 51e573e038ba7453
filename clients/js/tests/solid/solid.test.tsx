import { cleanup, fireEvent, render, renderHook, screen } from "@solidjs/testing-library";
import type { JSX } from "solid-js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { offlineQueue, setDefaultClient, type ClientOptions, type Row } from "@pgsidecar/client";
import {
  ConnectionHealth,
  ConnectionToast,
  QueueStatus,
  RealtimeErrorBoundary,
  RealtimeProvider,
  RealtimeStatus,
  useDatabaseStatus,
  useDegradedPolling,
  useLazyChannel,
  useRealtimeConnection,
  useRealtimeEvents,
  useSharedChannel,
  useWebSocketState,
} from "../../src/solid/index.js";
import { at } from "../support/fake-socket.js";
import { advance, stage, type Stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** The hook's value below a provider. */
function hook<T>(use: () => T, options?: ClientOptions): Stage & { value: T; unmount: () => void } {
  const made = stage(options);
  const wrapper = (props: { children?: JSX.Element }): JSX.Element => (
    <RealtimeProvider client={made.client}>{props.children}</RealtimeProvider>
  );
  const { result, cleanup: unmount } = renderHook(use, { wrapper });
  return { ...made, value: result, unmount };
}

async function show(element: () => JSX.Element, options?: ClientOptions): Promise<Stage> {
  const made = stage(options);
  render(() => <RealtimeProvider client={made.client}>{element()}</RealtimeProvider>);
  await advance();
  return made;
}

describe("the primitives", () => {
  it("useRealtimeConnection has the guide's schedule and cleans up", async () => {
    const told: string[] = [];
    const { server, client, value, unmount } = hook(() =>
      useRealtimeConnection({ onConnect: () => told.push("connect"), onDisconnect: () => told.push("disconnect") }),
    );
    expect(value.status()).toBe("connecting");
    await advance();
    expect([value.isConnected(), value.isConnecting()]).toEqual([true, false]);
    server.refuse = true;
    server.socket.drop(1006);
    expect(value.status()).toBe("connecting");
    for (const wait of [3000, 6000, 12_000, 24_000, 48_000]) await advance(wait);
    expect([value.status(), value.reconnectAttempts()]).toEqual(["error", 5]);
    server.refuse = false;
    value.reconnect();
    await advance();
    value.disconnect();
    expect(value.status()).toBe("disconnected");
    expect(told).toEqual(["connect", "disconnect", "connect", "disconnect"]);
    unmount();
    await advance(1);
    expect(client.connection.getSnapshot().state).toBe("disconnected");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("useWebSocketState tells reconnecting apart", async () => {
    const { server, value } = hook(() => useWebSocketState());
    await advance();
    expect(value()).toBe("connected");
    server.socket.drop(1006);
    expect(value()).toBe("reconnecting");
  });

  it("useRealtimeEvents calls back", async () => {
    const told: string[] = [];
    const { server, unmount } = hook(() =>
      useRealtimeEvents({ channels: ["agents"], onElementCreated: ({ id }) => void told.push(id) }),
    );
    await advance();
    server.socket.say({ type: "event", channel: "agents", seq: 11, payload: { action: "created", element: { type: "agent", id: "a" } } });
    expect(told).toEqual(["a"]);
    unmount();
    await advance();
    expect(server.sockets[0]?.sentOf("unsubscribe").length).toBe(1);
  });

  it("useSharedChannel loads, then follows inserts, updates and deletes", async () => {
    const load = (): Promise<Row[]> => Promise.resolve([{ id: 1, status: "open" }]);
    const { server, value } = hook(() => useSharedChannel<Row>("positions:u", "positions", "user_id=eq.u", { load }));
    await advance();
    expect(value()).toEqual([{ id: 1, status: "open" }]);
    const say = (seq: number, eventType: "INSERT" | "DELETE", row: Row): void =>
      server.socket.say({
        type: "change",
        channel: "db:public.positions",
        seq,
        payload: { sub: [1], eventType, schema: "public", table: "positions", commitTimestamp: at, [eventType === "INSERT" ? "new" : "old"]: row },
      });
    say(11, "INSERT", { id: 2 });
    say(12, "DELETE", { id: 1 });
    await advance(20);
    expect(value()).toEqual([{ id: 2 }]);
  });

  it("useLazyChannel subscribes when asked", async () => {
    const { server, value } = hook(() => useLazyChannel("tasks", "low"));
    await advance();
    expect(value.subscribed()).toBe(false);
    value.subscribe();
    await advance();
    expect(value.subscribed()).toBe(true);
    expect(server.socket.sentOf("subscribe")).toMatchObject([{ channel: "tasks" }]);
    value.unsubscribe();
    expect(value.subscribed()).toBe(false);
  });

  it("show the database and polling, also of the default client", async () => {
    const { server, client } = stage();
    setDefaultClient(client);
    const poll = vi.fn(() => Promise.resolve());
    const { result } = renderHook(() => ({ database: useDatabaseStatus(), degraded: useDegradedPolling(poll, 100) }));
    await advance();
    expect(result.database().status).toBe("connected");
    server.refuse = true;
    server.socket.drop(1006);
    await advance(250);
    expect(result.degraded().active).toBe(true);
    expect(poll).toHaveBeenCalledTimes(2);
  });
});

describe("the components", () => {
  it("RealtimeStatus: word, tone, details, reconnect, Escape", async () => {
    const { server } = await show(() => <RealtimeStatus />);
    const badge = screen.getByRole("button");
    expect(badge.textContent).toBe("Live");
    server.socket.drop(4403);
    expect([badge.textContent, badge.dataset.tone, badge.getAttribute("aria-expanded")]).toEqual(["Offline", "red", "false"]);
    fireEvent.click(badge);
    expect(screen.getByRole("group", { name: "Connection details" }).textContent).toMatch(/sign in again/);
    fireEvent.click(screen.getByRole("button", { name: "Reconnect" }));
    await advance();
    expect(badge.textContent).toBe("Live");
    fireEvent.keyDown(screen.getByRole("group"), { key: "Escape" });
    expect(badge.getAttribute("aria-expanded")).toBe("false");
  });

  it("leave the speaking to the page when told so", async () => {
    await show(() => (
      <>
        <RealtimeStatus announce={false} />
        <ConnectionToast announce={false} />
        <ConnectionHealth announce={false} />
      </>
    ));
    expect(document.body.textContent).toMatch(/Live.*Connected.*healthy/s);
    expect(document.querySelectorAll("[role=status], [aria-live]").length).toBe(0);
  });

  it("ConnectionToast, QueueStatus and ConnectionHealth", async () => {
    const { server, client } = await show(() => (
      <>
        <ConnectionToast />
        <QueueStatus />
        <ConnectionHealth />
      </>
    ));
    const texts = (): (string | null)[] => screen.getAllByRole("status").map(({ textContent }) => textContent);
    expect(texts()).toEqual(["Connected×", "", "healthy"]);
    server.socket.drop(1006);
    await offlineQueue(client).sendWithQueue("room:a", "e", 1);
    expect(texts()[0]).toContain("Message queued");
    expect(texts().slice(1)).toEqual(["1 message(s) pending", "offline"]);
    fireEvent.click(screen.getByRole("button", { name: /Dismiss: Message queued/ }));
    expect(texts()[0]).not.toContain("Message queued");
    expect(document.querySelectorAll("[style]").length).toBe(0);
  });

  it("RealtimeErrorBoundary stands in and recovers by class", async () => {
    let fault: Error | null = new Error("HTTP 503");
    const Live = (): JSX.Element => {
      if (fault) throw fault;
      return <p>rows</p>;
    };
    const onError = vi.fn();
    await show(() => (
      <RealtimeErrorBoundary onError={onError}>
        <Live />
      </RealtimeErrorBoundary>
    ));
    expect(screen.getByRole("alert").textContent).toContain("Live updates temporarily unavailable");
    expect(onError).toHaveBeenCalledWith(fault);
    fault = null;
    await advance(4999);
    expect(screen.queryByText("rows")).toBeNull();
    await advance(1);
    expect(screen.getByText("rows")).toBeTruthy();
  });
});
