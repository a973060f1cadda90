/** One task: what went in, what came out, how it went, and what can be done with it. */
import assert from "node:assert/strict";
import { en } from "../../dashboard/src/words/en.ts";
import type { Explanation, TaskView } from "../../src/protocol/messages.ts";
import { beforeANode } from "./before-a-node.ts";
import { until } from "../until.ts";

/** As the page writes milliseconds in English. */
const duration = (ms: number): string =>
  ms < 1 ? "< 1 ms" : ms < 1000 ? `${ms} ms` : `${Number((ms / 1000).toFixed(1))} s`;

beforeANode("the page of one task", { isLoaded: false }, (look) => {
  look(
    "shows payload, result, key, queue and state",
    ({ known }) => `/tasks/${known.done}`,
    async ({ busy, page }) => {
      await page.getByRole("heading", { name: /order.*done/ }).waitFor();
      const text = await page.locator("main").innerText();
      for (const word of ["order-1", "default", busy.known.done, '"customer": "Ana"', '"total": 6', "León"])
        assert.ok(text.includes(word), `${word} in ${text}`);
      assert.equal(await page.getByRole("button", { name: en.retry, exact: true }).count(), 0);
      assert.equal(await page.getByRole("button", { name: en.cancelTasks, exact: true }).count(), 0);
    },
  );

  look(
    "shows every attempt, how long it took, why it failed, and the log",
    ({ known }) => `/tasks/${known.retried}`,
    async ({ busy, page }) => {
      const line = page.getByRole("region", { name: en.timeLine });
      await line.getByText(/line 1 of prices\.csv cannot be read/).waitFor();
      await line.getByText(/line 2 of prices\.csv cannot be read/).waitFor();
      const view = await busy.http<TaskView>(`/v1/tasks/${busy.known.retried}`);
      const [first] = view.history!;
      await line
        .getByText(duration(first!.endedAt - first!.startedAt!))
        .first()
        .waitFor();
      await line
        .getByText(duration(view.finishedAt! - view.startedAt!))
        .first()
        .waitFor();
      await page.getByText("reading prices.csv").nth(2).waitFor();
    },
  );

  look(
    "says why it failed, with code, message and where",
    ({ known }) => `/tasks/${known.failed}`,
    async ({ page }) => {
      const why = page
        .locator("main section")
        .filter({ has: page.getByRole("heading", { name: en.failedBecause }) });
      await why.getByText(/task_error/).waitFor();
      await why.getByText("bank 0 refused card 4000").waitFor();
      const besides = page
        .locator("main section")
        .filter({ has: page.getByRole("heading", { name: en.details }) });
      await besides.getByText(/fixtures\/actions\.ts/).waitFor();
    },
  );

  look(
    "says that the process that ran it died, and that it ran again",
    ({ known }) => `/tasks/${known.lost}`,
    async ({ page }) => {
      const line = page.getByRole("region", { name: en.timeLine });
      await line.getByText(/ended by SIGKILL/).waitFor();
      await page.getByText('"pages": 4').waitFor();
    },
  );

  look(
    "gives a large result as a file",
    ({ known }) => `/tasks/${known.large}`,
    async ({ page }) => {
      const link = page.getByRole("link", { name: /1\.\d+ M/ });
      const [file] = await Promise.all([page.waitForEvent("download"), link.click()]);
      const chunks: Buffer[] = [];
      for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
      const text = JSON.parse(Buffer.concat(chunks).toString()) as string;
      assert.equal(text.split("\n").length, 40_000);
    },
  );

  look(
    "shows a picture as one, of the node itself",
    ({ known }) => `/tasks/${known.picture}`,
    async ({ page }) => {
      const width = (): Promise<number> =>
        page.locator("main img").evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth);
      await page.locator("main img").waitFor();
      await until(async () => (await width()) === 320);
    },
  );

  look(
    "says why it does not run, in the node's words",
    ({ known }) => `/tasks/${known.waiting}`,
    async ({ busy, page }) => {
      const { text, reason } = await busy.http<Explanation>(`/v1/tasks/${busy.known.waiting}/explain`);
      assert.equal(reason, "paused");
      await page.getByText(text).waitFor();
    },
  );

  look("of one that runs: progress and log as they come, then the end", "/", async ({ busy, page, it }) => {
    const { task } = await busy.client.report.submit({ steps: 8, stepMs: 400 });
    await it.go(`/tasks/${task}`);
    await page.getByRole("heading", { name: /report.*running/ }).waitFor();
    await page.getByText("step 2 of 8").waitFor();
    await page.getByRole("heading", { name: en.progress }).waitFor();
    await page.getByText("step 5 of 8").waitFor();
    await page.getByRole("heading", { name: /report.*done/ }).waitFor();
    await page.getByText('"pages": 8').waitFor();
  });

  look("is cancelled after a question, and then run again", "/", async ({ busy, page, it }) => {
    const { task } = await busy.client.upper.submit("later", { delay: "1h" });
    const stateOf = async (): Promise<string> => (await busy.http<TaskView>(`/v1/tasks/${task}`)).state;
    await it.go(`/tasks/${task}`);
    await page.getByRole("button", { name: en.cancelTasks, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(en.askCancel(1)).waitFor();
    await dialog.getByRole("button", { name: en.no, exact: true }).click();
    assert.equal(await stateOf(), "scheduled");
    await page.getByRole("button", { name: en.cancelTasks, exact: true }).click();
    await dialog.getByRole("button", { name: en.cancelTasks, exact: true }).click();
    await page.getByRole("heading", { name: /upper.*cancelled/ }).waitFor();
    assert.equal(await stateOf(), "cancelled");
    await page.getByRole("button", { name: en.retry, exact: true }).click();
    await page.getByRole("status").getByText(en.didRetry(1, 1)).waitFor();
    await page.getByRole("heading", { name: /upper.*done/ }).waitFor();
    assert.equal(await stateOf(), "done");
  });

  look(
    "is sent again, with another payload",
    ({ known }) => `/tasks/${known.done}`,
    async ({ page }) => {
      await page.getByRole("button", { name: en.runAgain }).click();
      // The form has it too.
      await until(async () => (await page.getByLabel("amount").inputValue()) === "2");
      await page.getByRole("button", { name: "JSON" }).click();
      const payload = page.getByRole("textbox", { name: new RegExp(en.payload) });
      await until(async () => (await payload.inputValue()).includes("Calle Mayor"));
      const before = JSON.parse(await payload.inputValue()) as { amount: number };
      assert.equal(before.amount, 2);
      await payload.fill(JSON.stringify({ ...before, amount: 50 }));
      await page.getByRole("button", { name: en.send, exact: true }).click();
      await page.getByText('"total": 150').waitFor();
    },
  );

  look(
    "that is not there is said to be so",
    "/tasks/01890a5d-ac96-774b-bcce-b302099a8057",
    async ({ page }) => {
      await page.getByText(en.thereIsNoTask("01890a5d-ac96-774b-bcce-b302099a8057")).waitFor();
      assert.match(await page.title(), /^01890a5d/);
      await page.getByRole("main").getByRole("link", { name: en.tasks }).click();
      await page.getByRole("heading", { name: en.tasks }).waitFor();
    },
  );
});
