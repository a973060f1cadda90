/**
 * How fast is the store alone? Prints one JSON line: rides a second (run first, written once, as done) and
 * tasks a second that are submitted, then finished, each write durable. `node bench/store.ts [tasks] [a batch] [in flight]`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../src/store/sqlite.ts";
import type { TaskEvent } from "../src/task/decide.ts";
import type { TaskSpec } from "../src/task/task.ts";
import { newSpecNow } from "../test/store/sample-events.ts";

const [tasks, batch, inFlight] = [200_000, 200, 5].map((usual, i) =>
  Number(process.argv[2 + i] ?? usual),
) as [number, number, number];
const dir = await mkdtemp(join(tmpdir(), "tanda-bench-store-"));

function finishOf(id: string, spec?: TaskSpec): TaskEvent {
  const at = Date.now();
  const outcome = { type: "done", result: '"HOLA"', resultBlob: null } as const;
  return { type: "finish", id, at, attempt: 1, startedAt: at, chance: 0.5, outcome, spec };
}

/** Keeps `inFlight` batches going until all tasks are through. */
async function measure(
  path: string,
  round: (ids: TaskSpec[], apply: Apply) => Promise<void>,
): Promise<Figures> {
  await using store = await openSqliteStore({ path });
  let left = tasks;
  let slowestMs = 0;
  const apply: Apply = async (events) => {
    const before = performance.now();
    const applied = await store.apply(events);
    slowestMs = Math.max(slowestMs, performance.now() - before);
    if (applied.some(({ verdict }) => verdict !== "applied")) throw new Error("not applied");
  };
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left > 0) {
        left -= batch;
        await round(
          Array.from({ length: batch }, () => newSpecNow()),
          apply,
        );
      }
    }),
  );
  const perSecond = Math.round((tasks / (performance.now() - startedAt)) * 1000);
  const { user, system } = process.cpuUsage(cpuBefore);
  // Both threads'. On a machine with other work to do it says more than the rate.
  const cpuMicros = Number(((user + system) / tasks).toFixed(2));
  return { perSecond, cpuMicros, slowestMs: Math.round(slowestMs) };
}
type Apply = (events: TaskEvent[]) => Promise<void>;
type Figures = { perSecond: number; cpuMicros: number; slowestMs: number };

try {
  const rides = await measure(join(dir, "rides.db"), (specs, apply) =>
    apply(specs.map((spec) => finishOf(spec.id, spec))),
  );
  const submitted = await measure(join(dir, "submitted.db"), async (specs, apply) => {
    await apply(specs.map((spec) => ({ type: "submit", id: spec.id, at: spec.createdAt, spec })));
    await apply(specs.map(({ id }) => finishOf(id)));
  });
  console.log(
    JSON.stringify({ bench: "store", tasks, batch, inFlight, rides, submittedAndFinished: submitted }),
  );
} finally {
  await rm(dir, { recursive: true });
}
