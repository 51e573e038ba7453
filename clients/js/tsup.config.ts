import { readFile } from "node:fs/promises";
import { copyFileSync } from "node:fs";
import { transformAsync } from "@babel/core";
import type { Plugin } from "esbuild";
import { defineConfig, type Options } from "tsup";

/** Solid's JSX: DOM code for browsers, strings for servers. */
function solid(generate: "dom" | "ssr"): Plugin {
  return {
    name: "solid",
    setup(build) {
      build.onLoad({ filter: /\.tsx$/ }, async ({ path }) => {
        const result = await transformAsync(await readFile(path, "utf8"), {
          filename: path,
          presets: [["babel-preset-solid", { generate, hydratable: generate === "ssr" }], "@babel/preset-typescript"],
          babelrc: false,
          configFile: false,
        });
        return { contents: result?.code ?? "", loader: "js" };
      });
    },
  };
}

// Hooks and components import the core by its name, so that an application has one copy of it.
const common: Options = {
  format: ["esm", "cjs"],
  target: "es2022",
  sourcemap: true,
  splitting: false,
  external: ["@pgsidecar/client", "react", "react/jsx-runtime", "solid-js", "solid-js/web"],
};

export default defineConfig([
  {
    ...common,
    entry: { index: "src/index.ts", react: "src/react/index.ts" },
    dts: true,
    onSuccess: async () => copyFileSync("src/styles.css", "dist/styles.css"),
  },
  {
    ...common,
    entry: { solid: "src/solid/index.ts" },
    tsconfig: "tsconfig.solid.json",
    dts: true,
    esbuildPlugins: [solid("dom")],
  },
  {
    ...common,
    entry: { "solid-server": "src/solid/index.ts" },
    tsconfig: "tsconfig.solid.json",
    esbuildPlugins: [solid("ssr")],
  },
]);
