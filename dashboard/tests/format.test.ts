import { expect, it } from "vitest";
import { bytes, clock, count, decimal, duration, percent, plural, sentence, short, span } from "../src/lib/format.js";

it("numbers in words", () => {
  expect([0, 0.0412, 7.25, 148.2, 12345, null].map(decimal)).toEqual(["0", "0.04", "7.3", "148", "12,345", "–"]);
  expect([950, 12345, 4.5e6, 2e9, 0.5].map(short)).toEqual(["950", "12.3k", "4.5M", "2.0G", "0.50"]);
  expect([512, 1536, 3.2e6, 5e9].map(bytes)).toEqual(["512 B", "1.5 kB", "3.2 MB", "5.0 GB"]);
  expect([0, 0.00001, 0.0123, Number.NaN, null].map(percent)).toEqual(["0 %", "< 0.01 %", "1.2 %", "–", "–"]);
  expect(count(1234567)).toBe("1,234,567");
  expect([plural(1, "client"), plural(2, "client")]).toEqual(["1 client", "2 clients"]);
});

it("times in words", () => {
  expect([0.82, 148, 2500, 185_000].map(duration)).toEqual(["0.82 ms", "148 ms", "2.5 s", "3 min 5 s"]);
  expect([-5, 42_000, 185_000, 3_600_000, 7_800_000, 356_400_000, Number.NaN].map(span)).toEqual([
    "0 s",
    "42 s",
    "3 min 5 s",
    "1 h",
    "2 h 10 min",
    "4 d 3 h",
    "–",
  ]);
  const noon = new Date(2026, 10, 21, 12, 3, 7);
  expect(clock(noon, noon)).toBe("12:03:07");
  expect(clock(noon, new Date(2026, 10, 22, 1))).toBe("Nov 21 12:03:07");
  expect(clock("nonsense")).toBe("–");
});

it("a sentence ends once", () => {
  expect(["It broke", "It broke.", "Why?"].map(sentence)).toEqual(["It broke.", "It broke.", "Why?"]);
});
