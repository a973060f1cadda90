import { openProcessPool } from "./open-process-pool.ts";
import { testPool } from "./contract.ts";

testPool("process pool", async () => openProcessPool());
