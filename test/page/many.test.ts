/** A million tasks in the store: the list opens, filters and goes on. What it took is told, and asserted by nobody. */
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { en } from "../../dashboard/src/words/en.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import { createIdMaker } from "../../src/task/id.ts";
import { DEFAULT_POLICY, NORMAL, type TaskSpec } from "../../src/task/task.ts";
import { freePort, NodeProcess } from "../e2e/node-process.ts";
import { tasksShown } from "./before-a-node.ts";
import { until } from "./busy-system.ts";
import { chromium, LookedAt, openBrowser } from "./looked-at.ts";

const TASKS = 1_000_000;
const BATCH = 2000;
const RARE_EVERY = 100_000;
const LONG_TASKS = `globalThis.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration))))
    .observe({ entryTypes: ["longtask"] });`;

const makeId = createIdMaker(0, Date.now, Math.random);

/** As it is after it was run, in one write. */
function ended(n: number): TaskEvent {
  const at = Date.now();
  const spec: TaskSpec = {
    id: makeId(),
    action: n % RARE_EVERY === 0 ? "reverse" : "upper",
    queue: "default",
    priority: NORMAL,
    payload: '"hola"',
    payloadBlob: null,
    key: null,
    policy: DEFAULT_POLICY,
    dueAt: null,
    expiresAt: null,
    createdAt: at,
  };
  const outcome = { type: "done", result: '"HOLA"', resultBlob: null } as const;
  return { type: "finish", id: spec.id, at, attempt: 1, startedAt: at, chance: 0.5, outcome, spec };
}

async function fill(path: string): Promise<void> {
  await using store = await openSqliteStore({ path });
  const lane = async (from: number): Promise<void> => {
    for (let at = from; at < TASKS; at += BATCH * 3)
      await store.apply(Array.from({ length: BATCH }, (_, n) => ended(at + n)));
  };
  await Promise.all([0, BATCH, BATCH * 2].map(lane));
}

test(
  "a list of a million tasks opens, filters and is scrolled",
  { skip: chromium.skip, timeout: 240_000 },
  async (t) => {
    const took = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const from = performance.now();
      const result = await work();
      t.diagnostic(`${what}: ${Math.round(performance.now() - from)} ms`);
      return result;
    };
    const data = await mkdtemp(join(tmpdir(), "tanda-many-"));
    await using node = new NodeProcess(await freePort(), data, ["--threads", "1"], {});
    await took("writing a million tasks", () => fill(join(data, "tanda.db")));
    await node.start();
    const browser = await openBrowser();
    try {
      await using it = await LookedAt.open(browser, "about:blank");
      const { page } = it;
      await page.addInitScript(LONG_TASKS);
      await page.goto(`http://127.0.0.1:${node.port}/#/`);
      await took("overview", () =>
        page
          .getByText(/^(1M|1\.0M|1,000,000|1,000k)$/i)
          .first()
          .waitFor(),
      );
      await took("list", async () => {
        await it.go("/tasks");
        await until(async () => (await tasksShown(page)).length > 5);
      });
      await took("filter by an action that one in 100,000 has", async () => {
        await page.getByLabel(en.action, { exact: true }).fill("reverse");
        await until(async () => (await tasksShown(page)).length === TASKS / RARE_EVERY);
      });
      await took("filter by a state that none has", async () => {
        await it.go("/tasks?state=failed");
        await page.getByText(en.noSuchTasks).waitFor();
      });
      await took("scrolling through 3,000", async () => {
        await it.go("/tasks");
        await until(async () => (await tasksShown(page)).length > 5);
        const first = await tasksShown(page);
        await page.locator('main a[href^="#/tasks/"]').first().hover();
        for (let n = 0; n < 100; n++) {
          await page.mouse.wheel(0, 1400);
          await page.waitForTimeout(30);
        }
        await until(async () => !(await tasksShown(page)).includes(first[0]!));
      });
      const long = await page.evaluate<number[]>("longTasks");
      t.diagnostic(
        `long tasks of the page: ${long.length}, the longest ${Math.max(0, ...long)} ms; over 200 ms: ${long.filter((ms) => ms > 200).length}`,
      );
      const told = await page.evaluate<number>("performance.memory?.usedJSHeapSize ?? 0");
      t.diagnostic(`memory of the page: ${Math.round(told / 1e6)} MB`);
      it.assertClean();
    } finally {
      await browser.close();
    }
    assert.equal(await node.kill("SIGTERM"), 0);
  },
);
