import { expect, it } from "vitest";
import { channelManager, type ChannelManager, type ChannelManagerOptions } from "@pgsidecar/client";
import { recorder, stage } from "../support/setup.js";

const names = (manager: ChannelManager): string[] => manager.store.getSnapshot().map(({ name }) => name);
const make = (options?: ChannelManagerOptions): ChannelManager => channelManager(stage().client, options);

it("shares a channel by name, counts, and removes it with the last", () => {
  const manager = make();
  const one = manager.getOrCreateChannel("tasks");
  expect(manager.getOrCreateChannel("tasks")).toBe(one);
  expect(manager.store.getSnapshot()).toMatchObject([{ name: "tasks", subscribers: 2, priority: "normal" }]);
  manager.releaseChannel("tasks");
  manager.releaseChannel(one);
  manager.releaseChannel("tasks");
  expect(names(manager)).toEqual([]);
});

it("is one for a client", () => {
  const { client } = stage();
  expect(channelManager(client)).toBe(channelManager(client));
  expect(channelManager(client)).not.toBe(channelManager(stage().client));
});

it("keeps ten: lowest priority first, then fewest subscribers, then the longest unasked for", () => {
  const evicted = recorder<string>();
  const manager = make({ onEvicted: evicted.listener });
  manager.getOrCreateChannel("low", "low");
  manager.getOrCreateChannel("low", "low");
  for (let n = 0; n < 8; n++) manager.getOrCreateChannel(`n${n}`);
  manager.getOrCreateChannel("n0");
  manager.getOrCreateChannel("high", "high");
  expect(evicted.calls).toEqual([]);
  for (const name of ["x", "y", "z"]) manager.getOrCreateChannel(name);
  expect(evicted.calls).toEqual(["low", "n1", "n2"]);
  expect(names(manager)).toHaveLength(10);
  manager.getOrCreateChannel("late", "low");
  expect(evicted.calls.at(-1)).toBe("late");
});

it("never evicts high, and the highest wish holds", () => {
  const evicted = recorder<string>();
  const manager = make({ maxChannels: 1, onEvicted: evicted.listener });
  manager.getOrCreateChannel("a", "low");
  manager.getOrCreateChannel("a", "high");
  manager.getOrCreateChannel("a", "normal");
  manager.getOrCreateChannel("b", "high");
  expect(evicted.calls).toEqual([]);
  expect(names(manager)).toEqual(["a", "b"]);
});

it("a release by an evicted channel leaves its successor alone", () => {
  const manager = make({ maxChannels: 1 });
  const old = manager.getOrCreateChannel("a");
  manager.getOrCreateChannel("b");
  const fresh = manager.getOrCreateChannel("a");
  manager.releaseChannel(old);
  expect(manager.store.getSnapshot().map(({ channel }) => channel)).toEqual([fresh]);
});
