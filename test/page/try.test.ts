/** A task sent from the page, and the same from a shell: what is copied there works. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import { needs } from "../../scripts/system-programs.ts";
import { beforeANode } from "./before-a-node.ts";
import { anOrder } from "./busy-system.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const nc = needs("nc");
const curl = needs("curl");

const send = (page: Page): Promise<void> => page.getByRole("button", { name: en.send, exact: true }).click();

/** The answer alone; the same text may stand in what is copied. */
const answered = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByRole("status").filter({ visible: true }).getByText(text).first().waitFor();

async function fillOrder(page: Page, customer: string): Promise<void> {
  await page.getByLabel("customer").fill(customer);
  await page.getByLabel("size").selectOption("medium");
  await page.getByLabel("amount").fill("7");
  await page.getByLabel("gift").check();
  await page.getByLabel("street").fill("Calle Mayor 1");
  await page.getByLabel("city").fill("León");
  const tags = page.getByRole("group", { name: "tags" });
  await tags.getByRole("button", { name: /^\+/ }).click();
  await tags.getByRole("textbox").fill("new");
}

const WANTED = { customer: `O'Hara "x" \\ é €`, total: 21, gift: true };
const SHELL_WAYS = [
  ["tanda", (said: string): unknown => JSON.parse(said), false],
  ["curl", (said: string): unknown => (JSON.parse(said) as { result: unknown }).result, curl.skip],
  // The goodbye may come first.
  ["nc", (said: string): unknown => (JSON.parse(/^\{.*$/m.exec(said)![0]) as Answer).result.data, nc.skip],
] as const;
type Answer = { result: { data: unknown } };

beforeANode("try it", { isLoaded: false }, (look) => {
  look("a form made of the schema gives what was filled in", "/try?action=order", async (it) => {
    const { busy, page } = it;
    await fillOrder(page, WANTED.customer);
    const [options] = [await page.getByLabel("size").locator("option").allInnerTexts()];
    assert.deepEqual(options, ["small", "medium", "large"]);
    await page.getByText("Who pays.").waitFor();
    await send(page);
    await answered(page, '"total": 21');
    const [task] = (await busy.client.$.list({ action: "order", limit: 1 })).tasks;
    assert.deepEqual((await busy.client.$.get(task!.task)).payload, {
      ...anOrder,
      customer: WANTED.customer,
      size: "medium",
      amount: 7,
      gift: true,
    });
  });

  look("an item of a list is taken out again", "/try?action=order", async ({ busy, page }) => {
    await fillOrder(page, "Eva");
    const tags = page.getByRole("group", { name: "tags" });
    await tags.getByRole("button", { name: /^\+/ }).click();
    await tags.getByRole("textbox").nth(1).fill("second");
    await tags.getByRole("button", { name: en.remove }).first().click();
    await send(page);
    await answered(page, '"total": 21');
    const [task] = (await busy.client.$.list({ action: "order", limit: 1 })).tasks;
    const { tags: sent } = (await busy.client.$.get(task!.task)).payload as { tags: string[] };
    assert.deepEqual(sent, ["second"]);
  });

  look(
    "what the form knows to be wrong is not sent, and told at its field",
    "/try?action=order",
    async (it) => {
      const { busy, page } = it;
      const before = (await busy.client.$.list({ action: "order" })).tasks.length;
      await fillOrder(page, "Eva");
      await page.getByLabel("amount").fill("200");
      await send(page);
      const message = await page
        .getByLabel("amount")
        .evaluate((input) => (input as unknown as { validationMessage: string }).validationMessage);
      assert.match(message, /99/);
      assert.equal((await busy.client.$.list({ action: "order" })).tasks.length, before);
    },
  );

  look("what the node refuses is told with the field and why", "/try?action=order", async ({ page }) => {
    await fillOrder(page, "Eva");
    await page.getByRole("button", { name: "JSON", exact: true }).click();
    const raw = page.getByRole("textbox", { name: new RegExp(en.payload) });
    const payload = JSON.parse(await raw.inputValue()) as typeof anOrder;
    assert.equal(payload.customer, "Eva");
    await raw.fill("{ nothing");
    await page.getByText(en.noJson).waitFor();
    await raw.fill(JSON.stringify({ ...payload, amount: 200 }));
    await send(page);
    await answered(page, "invalid_input");
    await answered(page, /amount/);
  });

  look(
    "a failure is told with its code and message, and leads to the task",
    "/try?action=charge",
    async (it) => {
      const { page } = it;
      await page.getByRole("spinbutton").fill("3");
      await send(page);
      await answered(page, "task_error");
      await answered(page, "bank 3 refused card 4003");
      await page.getByRole("status").getByRole("link").first().click();
      await page.getByRole("heading", { name: /charge.*failed/ }).waitFor();
    },
  );

  look("an action that nobody serves is not taken for another", "/try?action=nosuch", async ({ page }) => {
    await page.getByText(en.notServed).waitFor();
    assert.equal(await page.getByRole("button", { name: en.send, exact: true }).count(), 0);
    await page.getByLabel(en.action).selectOption("upper");
    await page.getByRole("button", { name: en.send, exact: true }).waitFor();
  });

  look("what is no JSON yet is not lost by a look at the form", "/try?action=order", async ({ page }) => {
    const toggle = page.getByRole("button", { name: "JSON", exact: true });
    await toggle.click();
    await page.getByRole("textbox", { name: new RegExp(en.payload) }).fill("{ bad");
    await page.getByText(en.noJson).waitFor();
    assert.equal(await toggle.isDisabled(), true);
  });

  look("another action is chosen, and is what the address says", "/try", async ({ page }) => {
    await page.getByLabel(en.action).selectOption("average");
    await page.getByRole("button", { name: /^\+/ }).click();
    await page.getByRole("spinbutton").fill("4");
    await send(page);
    await answered(page, /^4$/);
    assert.match(page.url(), /action=average/);
  });

  for (const [name, read, skip] of SHELL_WAYS) {
    if (skip) continue;
    look(
      `what is copied for ${name} gives the same answer in a shell`,
      "/try?action=order",
      async ({ page }) => {
        await fillOrder(page, WANTED.customer);
        assert.deepEqual(read(await shell(await copied(page, name))), WANTED);
      },
      { permissions: ["clipboard-read", "clipboard-write"] },
    );
  }

  look(
    "what is copied for TypeScript gives the same answer",
    "/try?action=order",
    async ({ page }) => {
      await fillOrder(page, WANTED.customer);
      const text = await copied(page, "TypeScript");
      const child = promisify(execFile)(process.execPath, ["--input-type=module-typescript", "-e", text], {
        cwd: ROOT,
        env: { ...process.env, NO_COLOR: "1" },
      });
      const { stdout } = await child;
      assert.match(stdout, /total: 21/);
      assert.match(stdout, /O'Hara/);
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  );
});

async function copied(page: Page, way: string): Promise<string> {
  await page.getByRole("button", { name: way, exact: true }).click();
  await page.getByRole("button", { name: en.copy, exact: true }).last().click();
  return page.evaluate<string>("navigator.clipboard.readText()");
}

async function shell(text: string): Promise<string> {
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`;
  const { stdout } = await promisify(execFile)("sh", ["-c", text], {
    cwd: ROOT,
    env: { ...process.env, PATH },
  });
  return stdout;
}
