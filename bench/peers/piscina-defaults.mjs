/** Piscina, two threads, else as it comes: `node piscina-defaults.mjs - W1|W2|W3|W4 COUNT`. */
import { Piscina } from "piscina";
import { measureWith } from "./piscina-workloads.mjs";

await measureWith(
  new Piscina({
    filename: new URL("piscina-task.mjs", import.meta.url).href,
    minThreads: 2,
    maxThreads: 2,
  }),
);
