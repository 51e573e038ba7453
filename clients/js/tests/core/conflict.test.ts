import { describe, expect, it, vi } from "vitest";
import { ConflictResolver, merge, resolveConflict } from "@pgsidecar/client";

const server = { id: 1, status: "closed", notes: "theirs", tags: ["a", "b"], updated_at: "2026-11-20T10:00:05Z" };
const older = { id: 1, status: "open", notes: "mine", tags: ["c", "a"], updated_at: "2026-11-20T10:00:01Z" };
const newer = { ...older, updated_at: "2026-11-20T10:00:09Z" };

describe("strategies", () => {
  it("server and client take their side", () => {
    expect(resolveConflict(newer, server, "server")).toBe(server);
    expect(resolveConflict(older, server, "client")).toBe(older);
  });

  it("lww takes the newer row whole", () => {
    expect(resolveConflict(older, server, "lww")).toBe(server);
    expect(resolveConflict(newer, server, "lww")).toBe(newer);
  });

  it("the default merges when the local row is newer: notes kept, tags united", () => {
    expect(resolveConflict(older, server)).toBe(server);
    expect(resolveConflict(newer, server)).toEqual({ ...server, notes: "mine", tags: ["c", "a", "b"] });
  });

  it("merge takes other fields and rows that lack them", () => {
    const bare = { id: 1, updated_at: newer.updated_at };
    expect(resolveConflict<Record<string, unknown>>(bare, server)).toEqual(server);
    expect(resolveConflict(newer, server, merge(["status"], []))).toEqual({ ...server, status: "open" });
  });
});

describe("the resolver", () => {
  it("decides by table, only where something is pending, and tells of a merge", () => {
    const onMerged = vi.fn();
    const resolver = new ConflictResolver({ strategies: { trades: "server" }, onMerged });
    expect(resolver.resolve("positions", server, undefined)).toBe(server);
    expect(resolver.resolve("trades", server, newer)).toBe(server);
    expect(onMerged).not.toHaveBeenCalled();
    const merged = resolver.resolve("positions", server, newer);
    expect(onMerged).toHaveBeenCalledExactlyOnceWith("positions", merged);
  });
});
