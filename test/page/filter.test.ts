/** The list of tasks: what is asked for is what is shown, and what the address says. */
import assert from "node:assert/strict";
import type { Locator, Page } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import type { TaskView } from "../../src/protocol/messages.ts";
import { beforeANode, tasksShown } from "./before-a-node.ts";
import { type BusySystem } from "./busy-system.ts";
import { LookedAt } from "./looked-at.ts";
import { until } from "../until.ts";

async function toldBy(busy: BusySystem, filter: Record<string, string>): Promise<string[]> {
  const query = new URLSearchParams({ ...filter, limit: "100" }).toString();
  const { tasks } = await busy.http<{ tasks: TaskView[] }>(`/v1/tasks?${query}`);
  return tasks.map(({ task }) => task);
}

/** Resolves when these are listed and no other; the time limit tells when they never are. */
async function showing(page: Page, wanted: readonly string[]): Promise<void> {
  let shown: string[] = [];
  for (let tries = 0; tries < 200; tries++) {
    shown = await tasksShown(page);
    if (shown.join() === wanted.join()) return;
    await page.waitForTimeout(25);
  }
  assert.deepEqual(shown, wanted);
}

const hashOf = (page: Page): URLSearchParams =>
  new URLSearchParams(new URL(page.url()).hash.split("?")[1] ?? "");

const stateTab = (page: Page, state: string): Locator =>
  page.getByRole("group", { name: en.state }).getByRole("link", { name: new RegExp(`^${state}`) });

type Asked = {
  name: string;
  filter: (busy: BusySystem) => Record<string, string>;
  fill: (page: Page, value: string) => Promise<unknown>;
};
const ASKED: readonly Asked[] = [
  {
    name: "state",
    filter: () => ({ state: "failed" }),
    fill: (page) => stateTab(page, en.states.failed).click(),
  },
  {
    name: "action",
    filter: () => ({ action: "import" }),
    fill: (page, value) => page.getByLabel(en.action, { exact: true }).selectOption(value),
  },
  {
    name: "queue",
    filter: () => ({ queue: "newsletter" }),
    fill: (page, value) => page.getByLabel(en.queue, { exact: true }).selectOption(value),
  },
  {
    name: "time",
    filter: () => ({ since: "10m" }),
    fill: (page, value) => page.getByLabel(en.since, { exact: true }).selectOption(value),
  },
  {
    name: "id",
    filter: ({ known }) => ({ prefix: known.done.slice(0, 30) }),
    fill: (page, value) => page.getByRole("searchbox").fill(value),
  },
  {
    name: "key",
    filter: () => ({ prefix: "order-" }),
    fill: (page, value) => page.getByRole("searchbox").fill(value),
  },
];

beforeANode("the filter of the list", { isLoaded: false }, (look) => {
  for (const { name, filter, fill } of ASKED) {
    look(
      `by ${name}: shows what the node says, is the address, and is kept by a reload`,
      "/tasks",
      async ({ busy, page }) => {
        const wanted = filter(busy);
        const tasks = await toldBy(busy, wanted);
        assert.ok(tasks.length > 0);
        await fill(page, Object.values(wanted)[0]!);
        await showing(page, tasks);
        assert.deepEqual(Object.fromEntries(hashOf(page)), wanted);
        await page.reload();
        await showing(page, tasks);
        assert.deepEqual(Object.fromEntries(hashOf(page)), wanted);
      },
    );
  }

  look(
    "several at once, as a link that somebody was given",
    "/tasks?state=cancelled&action=order",
    async ({ busy, browser, page }) => {
      await showing(page, [busy.known.cancelled]);
      assert.equal(await stateTab(page, en.states.cancelled).getAttribute("aria-current"), "true");
      assert.equal(await page.getByLabel(en.action, { exact: true }).inputValue(), "order");
      await using other = await LookedAt.open(browser, page.url());
      await showing(other.page, [busy.known.cancelled]);
    },
  );

  look(
    "what is no longer as the filter wants leaves the list",
    "/tasks?state=scheduled",
    async ({ busy, page }) => {
      const { task } = await busy.client.upper.submit("soon", { delay: "1h" });
      await until(async () => (await tasksShown(page)).includes(task));
      await busy.client.$.cancel(task);
      await until(async () => !(await tasksShown(page)).includes(task));
    },
  );

  look("what nothing is like is said to be so", "/tasks?action=order&state=expired", async ({ page }) => {
    await page.getByText(en.noSuchTasks).waitFor();
  });

  look(
    "a filter that makes no sense is told, and the page goes on",
    "/tasks?since=soon",
    async ({ page }) => {
      await page.getByText(/since/).filter({ visible: true }).first().waitFor();
      await page.getByLabel(en.since, { exact: true }).selectOption("1h");
      await until(async () => (await tasksShown(page)).length > 0);
      assert.equal(hashOf(page).get("since"), "1h");
    },
  );

  look("what comes is listed by itself, unless the list is halted", "/tasks?action=reverse", async (it) => {
    const { busy, page } = it;
    await page.getByText(en.noSuchTasks).waitFor();
    const first = await busy.client.reverse.submit("one");
    await showing(page, [first.task]);

    let asked = 0;
    const session = await it.it.devtools();
    await session.send("Network.enable");
    session.on("Network.webSocketFrameSent", ({ response }) => {
      if (response.payloadData.includes('"list"')) asked++;
    });
    await page.getByRole("button", { name: en.live }).click();
    await page.waitForTimeout(500);
    asked = 0;
    const second = await busy.client.reverse.submit("two");
    await second.result();
    // Longer than any live list waits.
    await page.waitForTimeout(4000);
    assert.equal(asked, 0);
    assert.deepEqual(await tasksShown(page), [first.task]);
    await page.getByRole("button", { name: en.pausedList, exact: true }).click();
    await showing(page, [second.task, first.task]);
  });

  look("goes on to the oldest as one scrolls", "/tasks?action=count", async ({ busy, page }) => {
    const tasks = Array.from({ length: 450 }, (_, n) => busy.client.count.submit(`word ${n}`));
    const [oldest] = await Promise.all(tasks);
    await page.reload();
    await page.locator('main a[href^="#/tasks/"]').first().hover();
    await until(async () => {
      await page.mouse.wheel(0, 3000);
      return (await tasksShown(page)).includes(oldest!.task);
    });
  });

  look("halting the list leaves it where it is", "/tasks?action=average", async ({ busy, page }) => {
    const tasks = Array.from({ length: 150 }, (_, n) => busy.client.average.submit([n]));
    const [oldest] = await Promise.all(tasks);
    await page.reload();
    await page.locator('main a[href^="#/tasks/"]').first().hover();
    await until(async () => {
      await page.mouse.wheel(0, 3000);
      return (await tasksShown(page)).includes(oldest!.task);
    });
    await page.getByRole("button", { name: en.live }).click();
    await page.waitForTimeout(1000);
    assert.ok((await tasksShown(page)).includes(oldest!.task), "it went back to its beginning");
  });
});
