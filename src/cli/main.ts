#!/usr/bin/env node
/** Entry of `tanda`. What is imported before the first line runs is not kept compiled, so it is next to nothing. */
import "./obey-wrapper.ts";
import { keepCompiled } from "./compile-cache.ts";

keepCompiled(process.env);
const { main } = await import("./dispatch.ts");
process.exitCode = await main(process.argv.slice(2));
