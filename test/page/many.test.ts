/** A million tasks in the store: the list opens, filters and goes on. What it took is told, and asserted by nobody. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { TaskEvent } from "../../src/task/decide.ts";
import { freePort, NodeProcess } from "../e2e/node-process.ts";
import { tasksShown } from "./before-a-node.ts";
import { chromium, LookedAt, openBrowser } from "./looked-at.ts";
import { DONE, newSpecNow, ride } from "../store/sample-events.ts";
import { until } from "../until.ts";

const TASKS = 1_000_000;
const BATCH = 2000;
const RARE_EVERY = 100_000;
const LONG_MS = 200;
const LONG_TASKS = `globalThis.longTasks = [];
  new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => Math.round(duration))))
    .observe({ entryTypes: ["longtask"] });`;

/** As it is after it was run, in one write. */
function ended(n: number): TaskEvent {
  const spec = newSpecNow({ action: n % RARE_EVERY === 0 ? "reverse" : "upper" });
  return { ...ride(spec, DONE, spec.createdAt), startedAt: spec.createdAt };
}

async function fill(path: string): Promise<void> {
  await using store = await openSqliteStore({ path });
  const lane = async (from: number): Promise<void> => {
    for (let at = from; at < TASKS; at += BATCH * 3)
      await store.apply(Array.from({ length: BATCH }, (_, n) => ended(at + n)));
  };
  await Promise.all([0, BATCH, BATCH * 2].map(lane));
}

describe("a million tasks", { skip: chromium.skip, timeout: 240_000 }, () => {
  let node: NodeProcess;
  let browser: Browser;
  let it: LookedAt;
  const writing: number[] = [];
  before(async () => {
    const data = await mkdtemp(join(tmpdir(), "tanda-many-"));
    node = new NodeProcess(await freePort(), data, ["--threads", "1"], {});
    const from = performance.now();
    await fill(join(data, "tanda.db"));
    writing.push(Math.round(performance.now() - from));
    await node.start();
    browser = await openBrowser();
    it = await LookedAt.open(browser, "about:blank");
    await it.page.addInitScript(LONG_TASKS);
    await it.page.goto(`http://127.0.0.1:${node.port}/#/`);
  });
  after(async () => {
    await browser?.close();
    await node?.[Symbol.asyncDispose]();
  });

  /** Tells what it took; nobody is held to it. */
  const look = (name: string, work: (page: Page) => Promise<unknown>): void => {
    test(name, async (t) => {
      const from = performance.now();
      await work(it.page);
      const ms = Math.round(performance.now() - from);
      const long = await it.page.evaluate<number[]>("longTasks.splice(0)");
      const heap = await it.page.evaluate<number>("performance.memory?.usedJSHeapSize ?? 0");
      const over = long.filter((one) => one > LONG_MS).length;
      t.diagnostic(
        `${name}: ${ms} ms; ${long.length} long tasks, the longest ${Math.max(0, ...long)} ms, ${over} over ${LONG_MS} ms; ${Math.round(heap / 1e6)} MB`,
      );
      it.assertClean();
    });
  };

  look("are counted on the first page", async (page) => {
    await page
      .getByText(/^1(\.0+)?\s?M$|^1[,.]000[,.]000$|^1,?000k$/i)
      .first()
      .waitFor();
  });

  look("are listed", async (page) => {
    await it.go("/tasks");
    await until("the list", async () => (await tasksShown(page)).length > 5);
  });

  look("are filtered by a state that none has", async (page) => {
    await it.go("/tasks?state=failed");
    await page.getByText(en.noSuchTasks).waitFor();
  });

  look("are scrolled through by thousands, and nothing stands still", async (page) => {
    await it.go("/tasks");
    await until("the list", async () => (await tasksShown(page)).length > 5);
    const [first] = await tasksShown(page);
    await page.locator('main a[href^="#/tasks/"]').first().hover();
    for (let n = 0; n < 100; n++) {
      await page.mouse.wheel(0, 1400);
      await page.waitForTimeout(20);
    }
    await until("what is older", async () => !(await tasksShown(page)).includes(first!));
  });

  look("are where one left them, after a look at one of them", async (page) => {
    const shown = await tasksShown(page);
    const middle = shown[Math.floor(shown.length / 2)]!;
    await page.locator(`main a[href="#/tasks/${middle}"]`).click();
    await page.getByRole("heading", { name: /done/ }).waitFor();
    await page.goBack();
    await until("the place one left", async () => (await tasksShown(page)).includes(middle));
    await page.locator(`main a[href="#/tasks/${middle}"]`).hover();
  });

  // The node looks through so many rows for an answer, then says where to go on.
  look("are filtered by an action that one in 100,000 has, and all of them are found", async (page) => {
    await it.go("/tasks?action=reverse");
    await until("the last of ten", async () => (await tasksShown(page)).length === TASKS / RARE_EVERY);
  });

  test("were written", (t) => t.diagnostic(`writing a million tasks: ${writing.join()} ms`));
});
