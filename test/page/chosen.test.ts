/** What is done with many tasks at once: it is asked before, told after, and done. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { shortId } from "../../dashboard/src/short-id.ts";
import { en } from "../../dashboard/src/words/en.ts";
import { beforeANode } from "./before-a-node.ts";
import { type BusySystem } from "./busy-system.ts";
import { until } from "../until.ts";

/** Fails until its file is there. */
class Note implements AsyncDisposable {
  readonly path: string;
  private constructor(folder: string) {
    this.path = join(folder, "note");
  }
  static async make(): Promise<Note> {
    return new Note(await mkdtemp(join(tmpdir(), "tanda-note-")));
  }
  async write(): Promise<void> {
    await writeFile(this.path, "here");
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.path, ".."), { recursive: true, force: true });
  }
}

async function fail(busy: BusySystem, note: Note, count: number): Promise<string[]> {
  const handles = await Promise.all(
    Array.from({ length: count }, () => busy.client.mend.submit({ note: note.path })),
  );
  await Promise.all(handles.map((handle) => handle.wait()));
  return handles.map(({ task }) => task);
}

const choose = async (page: Page, tasks: readonly string[]): Promise<void> => {
  for (const task of tasks) await page.getByRole("checkbox", { name: en.choose(shortId(task)) }).check();
};
/** The button tells of how many: rows that have just come may still be shown as they were, and then it is of fewer. */
const press = (page: Page, name: string, count: number): Promise<void> =>
  page.getByRole("button", { name: `${name} (${count})`, exact: true }).click();
const answer = (page: Page, name: string): Promise<void> =>
  page.getByRole("dialog").getByRole("button", { name, exact: true }).click();

async function statesOf(busy: BusySystem, tasks: readonly string[]): Promise<string[]> {
  const views = await Promise.all(tasks.map((task) => busy.http<{ state: string }>(`/v1/tasks/${task}`)));
  return views.map(({ state }) => state);
}

beforeANode("what is done from the page", { isLoaded: false }, (look) => {
  look("many are retried: No does nothing, Yes runs them again", "/tasks?action=mend", async (it) => {
    const { busy, page } = it;
    await using note = await Note.make();
    const tasks = await fail(busy, note, 3);
    await note.write();
    await choose(page, tasks);
    await page.getByText(en.chosen(3)).waitFor();
    await press(page, en.retry, 3);
    await page.getByRole("dialog").getByText(en.askRetry(3)).waitFor();
    await answer(page, en.no);
    assert.deepEqual(await statesOf(busy, tasks), ["failed", "failed", "failed"]);
    await press(page, en.retry, 3);
    await answer(page, en.retry);
    await page.getByRole("status").getByText(en.didRetry(3, 3)).waitFor();
    await until(async () => (await statesOf(busy, tasks)).every((state) => state === "done"));
    await page.getByText(en.states.done).nth(2).waitFor();
  });

  look("many are cancelled: Escape does nothing, Yes ends them", "/tasks?action=upper", async (it) => {
    const { busy, page } = it;
    const handles = await Promise.all(
      [1, 2, 3].map((n) => busy.client.upper.submit(`later ${n}`, { delay: "1h" })),
    );
    const tasks = handles.map(({ task }) => task);
    await choose(page, tasks.slice(0, 2));
    await press(page, en.cancelTasks, 2);
    await page.getByRole("dialog").getByText(en.askCancel(2)).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal((await statesOf(busy, tasks)).join(), "scheduled,scheduled,scheduled");
    await press(page, en.cancelTasks, 2);
    await answer(page, en.cancelTasks);
    await page.getByRole("status").getByText(en.didCancel(2, 2)).waitFor();
    assert.equal((await statesOf(busy, tasks)).join(), "cancelled,cancelled,scheduled");
  });

  look(
    "all that match are cancelled, also what was not loaded; a change of the filter chooses nothing",
    "/tasks?action=count&state=scheduled",
    async ({ busy, page }) => {
      const MORE_THAN_A_PAGE = 130;
      const submit = (action: "count" | "reverse", n: number): Promise<{ task: string }> =>
        busy.client[action].submit(`later ${n}`, { delay: "1h" });
      const handles = await Promise.all(
        Array.from({ length: MORE_THAN_A_PAGE }, (_, n) => submit("count", n)),
      );
      const other = await submit("reverse", 0);
      await page.getByText(en.states.scheduled).filter({ visible: true }).nth(2).waitFor();
      await page.getByRole("checkbox", { name: en.chooseAll }).check();
      await page.getByText(en.chosenAll).waitFor();
      await page.getByRole("button", { name: new RegExp(`^${en.cancelTasks}`) }).click();
      await page.getByRole("dialog").getByText(en.askCancelAll).waitFor();
      await answer(page, en.cancelTasks);
      await page.getByRole("status").getByText(en.didCancel(MORE_THAN_A_PAGE, MORE_THAN_A_PAGE)).waitFor();
      const states = await statesOf(
        busy,
        handles.map(({ task }) => task),
      );
      assert.deepEqual([...new Set(states)], ["cancelled"]);
      assert.deepEqual(await statesOf(busy, [other.task]), ["scheduled"]);
      // None is as the filter wants it any more, and none is shown.
      await page.getByText(en.noSuchTasks).waitFor();
      await page.getByRole("link", { name: en.clearFilter }).first().click();
      await page.getByRole("checkbox", { name: en.chooseAll }).check();
      await page.getByLabel(en.action, { exact: true }).selectOption("reverse");
      await page.getByText(en.chosenAll).waitFor({ state: "detached" });
    },
  );

  look("what failed alike is one group, and all of a group is run again", "/failed", async (it) => {
    const { busy, page } = it;
    await using note = await Note.make();
    const tasks = await fail(busy, note, 4);
    await note.write();
    await page.reload();
    // Three faults of one action; those that differ in numbers and names only are one.
    await page.getByRole("article").filter({ hasText: "charge" }).nth(2).waitFor();
    const charges = page.getByRole("article").filter({ hasText: "charge" });
    assert.equal(await charges.count(), 3);
    for (const text of await charges.allInnerTexts()) assert.match(text, /\b4\b/);
    const group = page.getByRole("article").filter({ hasText: "mend" });
    await group.getByRole("button", { name: new RegExp(en.retry) }).click();
    await page.getByRole("dialog").getByText(en.askRetryGroup("4", "mend")).waitFor();
    await answer(page, en.retry);
    await page.getByRole("status").getByText(en.didRetry(4, 4)).waitFor();
    await until(async () => (await statesOf(busy, tasks)).every((state) => state === "done"));
    await group.waitFor({ state: "detached" });
  });

  look("tasks that failed in the same moment can be told apart", "/failed", async ({ page }) => {
    const links = page.getByRole("article").filter({ hasText: "charge" }).getByRole("link");
    await links.nth(3).waitFor();
    const names = await links.allInnerTexts();
    assert.equal(new Set(names).size, names.length, names.join(" "));
  });

  look("a queue is paused, resumed and drained, and the node's queue with it", "/queues", async (it) => {
    const { busy, page } = it;
    const modeOf = async (): Promise<string> => (await busy.http<{ mode: string }>("/v1/queues/mail")).mode;
    await busy.client.mail("hola");
    const row = page.getByRole("row").filter({ hasText: "mail" });
    await row.getByRole("button", { name: en.pause, exact: true }).click();
    await page.getByRole("dialog").getByText(en.askPause("mail")).waitFor();
    await answer(page, en.pause);
    await page.getByRole("status").getByText(en.didPause("mail")).waitFor();
    assert.equal(await modeOf(), "paused");
    await row.getByText(en.paused).waitFor();
    const waits = await busy.client.mail.submit("waits");
    await row.getByRole("button", { name: en.resume, exact: true }).click();
    assert.equal(await waits.result(), "waits");
    assert.equal(await modeOf(), "open");
    await row.getByRole("button", { name: en.drain, exact: true }).click();
    await page.getByRole("dialog").getByText(en.askDrain("mail")).waitFor();
    await answer(page, en.no);
    assert.equal(await modeOf(), "open");
    await row.getByRole("button", { name: en.drain, exact: true }).click();
    await answer(page, en.drain);
    await page.getByRole("status").getByText(en.didDrain("mail")).waitFor();
    assert.equal(await modeOf(), "draining");
    await row.getByRole("button", { name: en.resume, exact: true }).click();
    await until(async () => (await modeOf()) === "open");
  });

  look("what waits in a queue is purged, after a question that says how much", "/queues", async (it) => {
    const { busy, page } = it;
    await busy.client.$.pause("mail");
    const handles = await Promise.all([1, 2, 3].map((n) => busy.client.mail.submit(n)));
    const row = page.getByRole("row").filter({ hasText: "mail" });
    await row.getByRole("cell", { name: "3", exact: true }).waitFor();
    await row.getByRole("button", { name: en.purge, exact: true }).click();
    await page.getByRole("dialog").getByText(en.askPurge("mail", "3")).waitFor();
    await answer(page, en.purge);
    await page.getByRole("status").getByText(en.didPurge("3")).waitFor();
    const ended = await statesOf(
      busy,
      handles.map(({ task }) => task),
    );
    assert.deepEqual(ended, ["cancelled", "cancelled", "cancelled"]);
    await busy.client.$.resume("mail");
  });

  look("what could not be done is not told as done", "/tasks?action=fib", async ({ busy, page }) => {
    const { task } = await busy.client.fib.submit(3, { delay: "1h" });
    await choose(page, [task]);
    // So that the page does not see it coming.
    await page.getByRole("button", { name: en.live }).click();
    await busy.client.$.cancel(task);
    await busy.client.$.retry(task);
    await busy.client.$.wait(task);
    await page.getByRole("button", { name: new RegExp(`^${en.cancelTasks}`) }).click();
    await answer(page, en.cancelTasks);
    await page.getByRole("status").getByText(en.didCancel(0, 1)).waitFor();
  });
});
