import { fileURLToPath } from "node:url";
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";

const alias = { "@pgsidecar/client": fileURLToPath(new URL("src/index.ts", import.meta.url)) };

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 1,
    projects: [
      { resolve: { alias }, test: { name: "core", include: ["tests/core/*.test.ts"] } },
      { resolve: { alias }, test: { name: "react", environment: "jsdom", include: ["tests/react/*.test.tsx"] } },
      {
        plugins: [solid()],
        resolve: { alias, conditions: ["development", "browser"] },
        test: { name: "solid", environment: "jsdom", include: ["tests/solid/*.test.tsx"] },
      },
      { resolve: { alias }, test: { name: "live", testTimeout: 60_000, include: ["tests/live/*.test.ts"] } },
      { test: { name: "package", testTimeout: 60_000, include: ["tests/package/*.test.ts"] } },
    ],
  },
});
