import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { notices, offlineQueue, RealtimeError, type ClientOptions } from "@pgsidecar/client";
import {
  ConnectionHealth,
  ConnectionToast,
  QueueStatus,
  RealtimeErrorBoundary,
  RealtimeProvider,
  RealtimeStatus,
} from "../../src/react/index.js";
import { at } from "../support/fake-socket.js";
import { advance, stage, type Stage } from "../support/setup.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const settle = (ms = 0): Promise<void> => act(async () => void (await advance(ms)));

async function show(element: ReactElement, options?: ClientOptions): Promise<Stage> {
  const made = stage(options);
  render(<RealtimeProvider client={made.client}>{element}</RealtimeProvider>);
  await settle();
  return made;
}

describe("RealtimeStatus", () => {
  it("shows every state by word and tone", async () => {
    const { server } = await show(<RealtimeStatus />, { reconnect: { maxAttempts: 1, jitter: 0 } });
    const badge = (): string => `${screen.getByRole("status").textContent} ${screen.getByRole("button").dataset.tone}`;
    expect(badge()).toBe("Live green");
    server.refuse = true;
    act(() => server.socket.drop(1006));
    expect(badge()).toBe("Connecting... gray");
    expect(document.querySelector(".pgs-spinner")).not.toBeNull();
    await settle(1000);
    expect(badge()).toBe("Offline red");
  });

  it("has details and a reconnect button behind it, closed by Escape or a press elsewhere", async () => {
    const { server } = await show(<RealtimeStatus />);
    act(() => server.socket.drop(4403));
    const badge = screen.getByRole("button");
    expect(badge.getAttribute("aria-expanded")).toBe("false");
    fireEvent.click(badge);
    expect(badge.getAttribute("aria-expanded")).toBe("true");
    const details = screen.getByRole("group", { name: "Connection details" });
    expect(details.id).toBe(badge.getAttribute("aria-controls"));
    expect(details.textContent).toMatch(/sign in again.*Databaseconnected \(last known\)/s);
    fireEvent.click(screen.getByRole("button", { name: "Reconnect" }));
    await settle();
    expect(screen.getByRole("status").textContent).toBe("Live");
    fireEvent.keyDown(details, { key: "Escape" });
    expect(badge.getAttribute("aria-expanded")).toBe("false");
    expect(document.activeElement).toBe(badge);
    fireEvent.click(badge);
    fireEvent.pointerDown(document.body);
    expect(badge.getAttribute("aria-expanded")).toBe("false");
  });
});

it("ConnectionToast shows and dismisses what happened", async () => {
  const { server, client } = await show(<ConnectionToast />, { reconnect: { jitter: 0 } });
  expect(screen.getByRole("status").textContent).toContain("Connected");
  act(() => server.socket.drop(1006));
  expect(screen.getByRole("status").textContent).toContain("Connection lost");
  fireEvent.click(screen.getByRole("button", { name: /Dismiss: Connection lost/ }));
  expect(screen.getByRole("status").textContent).not.toContain("Connection lost");
  act(() => notices(client).add("info", "Merged remote changes with your edits"));
  expect(screen.getByRole("status").textContent).toContain("Merged");
});

it("QueueStatus counts what waits and shows nothing else", async () => {
  const { server, client } = await show(<QueueStatus />);
  expect(screen.getByRole("status").textContent).toBe("");
  server.refuse = true;
  act(() => server.socket.drop(1006));
  await act(async () => void (await offlineQueue(client).sendWithQueue("room:a", "e", 1)));
  await act(async () => void (await offlineQueue(client).sendWithQueue("room:a", "e", 2)));
  expect(screen.getByRole("status").textContent).toBe("2 message(s) pending");
  server.refuse = false;
  act(() => client.reconnect());
  await settle();
  expect(screen.getByRole("status").textContent).toBe("");
});

it("ConnectionHealth shows word, tone and latency", async () => {
  const { server } = await show(<ConnectionHealth />);
  const shown = (): string => `${screen.getByRole("status").parentElement?.textContent} ${document.querySelector<HTMLElement>(".pgs-health")?.dataset.tone}`;
  expect(shown()).toBe("healthy green");
  const ping = performance.now();
  await settle(620);
  act(() => server.socket.say({ type: "pong", payload: { t: ping, serverTime: 1 } }));
  expect(shown()).toBe("slow (620ms) yellow");
  act(() => server.socket.drop(1006));
  expect(shown()).toBe("offline red");
});

it("leaves the speaking to the page when told so", async () => {
  await show(
    <>
      <RealtimeStatus announce={false} />
      <ConnectionToast announce={false} />
      <ConnectionHealth announce={false} />
    </>,
  );
  expect(document.body.textContent).toMatch(/Live.*Connected.*healthy/s);
  expect(document.querySelectorAll("[role=status], [aria-live]").length).toBe(0);
});

describe("RealtimeErrorBoundary", () => {
  let fault: Error | null = null;
  const Live = (): ReactElement => {
    if (fault) throw fault;
    return <p>rows</p>;
  };
  beforeEach(() => {
    fault = null;
    vi.spyOn(console, "error").mockImplementation(() => undefined);
  });

  it.each([
    ["server", new Error("HTTP 503"), 5000],
    ["rate_limit", new RealtimeError("RATE_LIMITED", "slow down"), 60_000],
    ["unknown", new Error("what"), 2000],
    ["auth", new Error("HTTP 401"), 0],
  ])("recovers from class %s", async (_kind, error, wait) => {
    fault = error;
    const told: Error[] = [];
    const refreshToken = vi.fn(() => Promise.resolve());
    await show(
      <RealtimeErrorBoundary onError={(one) => told.push(one)} refreshToken={refreshToken}>
        <Live />
      </RealtimeErrorBoundary>,
      { pingInterval: 1_000_000, staleAfter: 1_000_000 },
    );
    expect(told).toContain(error);
    fault = null;
    if (wait > 0) {
      await settle(wait - 1);
      expect(screen.getByRole("alert").textContent).toBe("Live updates temporarily unavailableData will refresh automatically");
    }
    // The new token did not help while the fault stood, so the second refresh came later.
    await settle(wait > 0 ? 1 : 2000);
    expect(refreshToken).toHaveBeenCalledTimes(wait > 0 ? 0 : 2);
    expect(screen.getByText("rows")).toBeTruthy();
  });

  it("does not spin when the fault stays", async () => {
    fault = new Error("HTTP 401");
    const refreshToken = vi.fn(() => Promise.resolve());
    await show(
      <RealtimeErrorBoundary refreshToken={refreshToken}>
        <Live />
      </RealtimeErrorBoundary>,
    );
    for (let second = 0; second < 7; second++) await settle(1000);
    expect(refreshToken).toHaveBeenCalledTimes(3);
  });

  it("waits for the connection after a network fault", async () => {
    fault = new RealtimeError("CONNECTION_LOST", "gone");
    const { client } = await show(
      <RealtimeErrorBoundary fallback={<p>waiting</p>}>
        <Live />
      </RealtimeErrorBoundary>,
    );
    await settle(60_000);
    expect(screen.getByText("waiting")).toBeTruthy();
    fault = null;
    client.connect();
    await settle();
    expect(screen.getByText("rows")).toBeTruthy();
  });
});

it("nothing of it needs a style attribute, which a strict policy would refuse", async () => {
  const { server } = await show(
    <>
      <RealtimeStatus />
      <ConnectionToast />
      <QueueStatus />
      <ConnectionHealth />
    </>,
  );
  server.socket.say({ type: "database:status", payload: { mode: "mock", status: "connected", timestamp: at }, seq: 20 });
  expect(document.querySelectorAll("[style]").length).toBe(0);
});
