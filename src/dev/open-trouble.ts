/** What `tanda dev --chaos` puts around a node's pools, put together. */
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Pool } from "../worker/pool.ts";
import { Findings } from "./findings.ts";
import { Records } from "./records.ts";
import { Trials, type TrialEvent } from "./trials.ts";
import { TroubledPool } from "./troubled-pool.ts";

export type Trouble = Disposable & {
  /** For threads: see worker/actions-observer.ts. */
  readonly observer: { readonly module: string; readonly options: unknown };
  readonly around: (pool: Pool) => Pool;
  readonly findings: Findings;
};

/** @param now epoch ms. */
export function openTrouble(seed: number, onEvent: (event: TrialEvent) => void, now: () => number): Trouble {
  const dir = mkdtempSync(join(tmpdir(), "tanda-dev-"));
  const findings = new Findings(now);
  const trials = new Trials({ seed, records: new Records(dir), findings, onEvent });
  const module = new URL(`./observe-actions${extname(import.meta.url)}`, import.meta.url).href;
  return {
    observer: { module, options: { dir } },
    around: (pool) => new TroubledPool(pool, trials),
    findings,
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
