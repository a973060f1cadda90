import { createInlinePool } from "../../src/worker/inline-pool.ts";
import actions from "./fixtures/actions.ts";
import { testPool } from "./contract.ts";

testPool("inline pool", async () => createInlinePool({ actions }));
