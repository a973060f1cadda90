/** Builds the page into dist/page, where the gateway finds it. Names carry a hash of what is in them, so a browser may keep them for ever; the service worker alone keeps its name, by which browsers know it. */
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { shellFiles, WORKER_FILE } from "./shell-files.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  plugins: [react(), shellFiles()],
  build: {
    outDir: here("../dist/page"),
    emptyOutDir: true,
    // A strict content security policy has no room for what is written into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      input: { index: here("index.html"), worker: here("src/offline/service-worker.ts") },
      output: {
        entryFileNames: ({ name }) => (name === "worker" ? WORKER_FILE : "assets/[name]-[hash].js"),
      },
    },
  },
  // `npx vite dashboard` while working on it: the page from there, the rest from a running node.
  server: { proxy: { "/v1": { target: "http://localhost:9000", ws: true } } },
});
