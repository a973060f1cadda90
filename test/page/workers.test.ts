/** Who works, and what can be asked for. */
import assert from "node:assert/strict";
import { en } from "../../dashboard/src/words/en.ts";
import type { ActionView } from "../../src/protocol/messages.ts";
import { beforeANode } from "./before-a-node.ts";
import { killPool } from "./busy-system.ts";

beforeANode("workers and actions", { isLoaded: false }, (look) => {
  look("what runs is shown where it runs, for how long, and leads to the task", "/workers", async (it) => {
    const { busy, page } = it;
    const { task } = await busy.client.report.submit({ steps: 40, stepMs: 250 });
    const link = page.locator(`main a[href="#/tasks/${task}"]`);
    await link.getByText("report").waitFor();
    // Counted on, not only told once.
    await link
      .getByText(/[12](\.\d+)? s/)
      .first()
      .waitFor();
    await link.click();
    await page.getByRole("heading", { name: /report.*running/ }).waitFor();
    await busy.client.$.cancel(task);
  });

  look("a process that dies is seen to be another", "/workers", async ({ busy, page }) => {
    const pidNow = async (): Promise<number> => (await busy.client.$.workers())[0]!.pid;
    const before = await pidNow();
    await page.getByText(new RegExp(`${en.pid} ${before}\\b`)).waitFor();
    await killPool(busy.client);
    await page.getByText(new RegExp(`${en.pid} ${await pidNow()}\\b`)).waitFor();
    assert.equal(await page.getByText(new RegExp(`${en.pid} ${before}\\b`)).count(), 0);
  });

  look("every action of the node is there, with what it takes", "/actions", async ({ busy, page }) => {
    const actions = await busy.http<ActionView[]>("/v1/actions");
    for (const { action, description } of actions) {
      await page.getByRole("heading", { name: action, exact: true }).waitFor();
      if (description !== undefined) await page.getByText(description).waitFor();
    }
    const order = page.getByRole("article").filter({ hasText: "Takes an order" });
    await order.getByText(en.whatItTakes).click();
    await order.getByText('"maximum": 99').waitFor();
    const charge = page.getByRole("article").filter({ hasText: "Charges a card" });
    await charge.getByText(/100 ?%/).waitFor();
  });

  look("an action leads to its form and to its tasks", "/actions", async ({ page }) => {
    const order = page.getByRole("article").filter({ hasText: "Takes an order" });
    await order.getByRole("link", { name: en.tryIt }).click();
    await page.getByLabel("customer").waitFor();
    await page.goBack();
    await order.getByRole("link", { name: "order" }).click();
    await page.waitForURL(/#\/tasks\?action=order/);
    await page.getByText(en.states.cancelled).filter({ visible: true }).first().waitFor();
  });
});
