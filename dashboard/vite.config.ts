import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const client = "../clients/js/src";

export default defineConfig({
  base: "./",
  resolve: {
    alias: [
      { find: /^@pgsidecar\/client$/, replacement: here(`${client}/index.ts`) },
      { find: /^@pgsidecar\/client\/react$/, replacement: here(`${client}/react/index.ts`) },
      { find: /^@pgsidecar\/client\/styles\.css$/, replacement: here(`${client}/styles.css`) },
      { find: /^react\/jsx-runtime$/, replacement: here("node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs") },
      { find: /^react-dom\/client$/, replacement: here("node_modules/preact/compat/client.mjs") },
      { find: /^react(-dom)?$/, replacement: here("node_modules/preact/compat/dist/compat.mjs") },
      { find: /^preact$/, replacement: here("node_modules/preact/dist/preact.mjs") },
      { find: /^preact\/hooks$/, replacement: here("node_modules/preact/hooks/dist/hooks.mjs") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "react", development: false } },
  build: {
    target: "es2022",
    // Few files with fixed names: ws/assets.cmake and ws/assets.cpp list them.
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      // "use client" of the client's React entry means nothing here.
      onwarn: (warning, tell) => void (warning.code !== "MODULE_LEVEL_DIRECTIVE" && tell(warning)),
      output: { entryFileNames: "app.js", assetFileNames: "app.[ext]", codeSplitting: false },
    },
  },
  // `npm run dev` beside a sidecar that runs on this machine.
  server: {
    proxy: {
      "/api": "http://127.0.0.1:6480",
      "/ws": { target: "ws://127.0.0.1:6480", ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
