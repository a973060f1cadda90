/** The page and its node: a token that is asked for, and a node that goes away and comes back. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import { connect } from "../../src/client/client.ts";
import { tasksShown } from "./before-a-node.ts";
import { startShop } from "./busy-system.ts";
import { chromium, LookedAt, openBrowser } from "./looked-at.ts";
import { until } from "../until.ts";

const TOKEN = "only-who-knows-it";

describe("the page and its node", { skip: chromium.skip, timeout: 120_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(async () => browser?.close());

  test("a node with a token asks for it, refuses another, and the tab keeps the right one", async () => {
    await using node = await startShop([], { TANDA_TOKEN: TOKEN });
    const url = `http://127.0.0.1:${node.port}`;
    // A refused connection is told by the browser itself.
    await using it = await LookedAt.open(browser, url, { allowed: /WebSocket|401/ });
    const { page } = it;
    await page.getByRole("heading", { name: en.tokenNeeded }).waitFor();
    await page.getByLabel(en.token, { exact: true }).fill("another");
    await page.getByRole("button", { name: en.enter, exact: true }).click();
    await page.getByRole("heading", { name: en.tokenNeeded }).waitFor();
    assert.equal(await page.getByText(en.throughput).count(), 0);
    await page.getByLabel(en.token, { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: en.enter, exact: true }).click();
    await page.getByText(en.throughput).first().waitFor();
    await page.getByRole("status").getByText(en.connected, { exact: true }).waitFor();
    await page.reload();
    await page.getByText(en.throughput).first().waitFor();
    assert.ok(!page.url().includes(TOKEN));
    it.assertClean();
    // A tab of its own knows nothing of it.
    await using other = await LookedAt.open(page.context(), url, { allowed: /WebSocket|401/ });
    await other.page.getByRole("heading", { name: en.tokenNeeded }).waitFor();
  });

  test("with a token that allows little the page says so once, shows what is its own, and sends what it may", async () => {
    await using node = await startShop([], { TANDA_TOKEN: TOKEN });
    await using boss = connect(`tanda://127.0.0.1:${node.port}`, { token: TOKEN });
    const { token, secret } = await boss.$.createToken({ name: "phone", actions: ["echo", "export"] });
    await boss.$.run("export", { rows: 1 });
    await using it = await LookedAt.open(browser, `http://127.0.0.1:${node.port}`, {
      allowed: /WebSocket|401/,
    });
    const { page } = it;
    await page.getByLabel(en.token, { exact: true }).fill(secret);
    await page.getByRole("button", { name: en.enter, exact: true }).click();
    await page.getByText(en.limited).waitFor();
    await page.getByText(en.notAllowed).waitFor();
    await page.getByRole("link", { name: en.tasks }).last().click();
    await page.getByText(en.noTasksYet).or(page.getByText(en.noSuchTasks)).first().waitFor();
    await using phone = connect(`tanda://127.0.0.1:${node.port}`, { token: secret });
    await phone.$.run("export", { rows: 2 });
    await until(async () => (await tasksShown(page)).length === 1);
    // It asks no more for what it was refused.
    await page.goto(`http://127.0.0.1:${node.port}/#/workers`);
    await page.getByText(en.notAllowed).waitFor();
    it.assertClean();
    await boss.$.revokeToken(token);
    await page.getByRole("heading", { name: en.tokenNeeded }).waitFor();
  });

  test("a picture is shown by a node with a token too", async () => {
    await using node = await startShop([], { TANDA_TOKEN: TOKEN });
    await using client = connect(`tanda://127.0.0.1:${node.port}`, { token: TOKEN });
    const { task } = await client.$.submit("chart");
    await client.$.task(task).result();
    await using it = await LookedAt.open(browser, `http://127.0.0.1:${node.port}/#/tasks/${task}`, {
      allowed: /WebSocket|401/,
    });
    const { page } = it;
    await page.getByLabel(en.token, { exact: true }).fill(TOKEN);
    await page.getByRole("button", { name: en.enter, exact: true }).click();
    await page.getByRole("heading", { name: /chart/ }).waitFor();
    await page.locator("main img").waitFor();
    const width = (): Promise<number> =>
      page.locator("main img").evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth);
    for (let tries = 0; tries < 40 && (await width()) === 0; tries++) await page.waitForTimeout(100);
    assert.equal(await width(), 320);
  });

  test("a node that holds its connections and says nothing is told to be silent, with how old all is", async () => {
    await using node = await startShop();
    await using it = await LookedAt.open(browser, `http://127.0.0.1:${node.port}/#/queues`, {
      allowed: /WebSocket|ERR_CONNECTION_REFUSED|ERR_TIMED_OUT/,
    });
    const { page } = it;
    await page.getByRole("row").nth(1).waitFor();
    process.kill(node.pid, "SIGSTOP");
    try {
      await page.getByText(en.late).waitFor({ timeout: 20_000 });
      await page.getByRole("status").getByText(en.asOf).waitFor();
    } finally {
      process.kill(node.pid, "SIGCONT");
    }
    await page.getByText(en.late).waitFor({ state: "hidden", timeout: 20_000 });
  });

  test("a node that is killed is missed, and found again by the page itself", async () => {
    await using node = await startShop();
    const allowed = /WebSocket|ERR_CONNECTION_REFUSED/;
    const url = `http://127.0.0.1:${node.port}/#/tasks?action=upper`;
    await using it = await LookedAt.open(browser, url, { allowed });
    const { page } = it;
    await page.getByRole("status").getByText(en.connected, { exact: true }).waitFor();
    await page.getByText(en.noSuchTasks).waitFor();
    await node.kill();
    await page.getByRole("status").getByText(en.lost).waitFor();
    await node.start();
    await using client = connect(`tanda://127.0.0.1:${node.port}`);
    const { task } = await client.upper.submit("after");
    await page.getByRole("status").getByText(en.connected, { exact: true }).waitFor({ timeout: 30_000 });
    await until(async () => (await tasksShown(page)).includes(task));
    it.assertClean();
  });

  test("what is sent while the node is away is answered when it is back", async () => {
    await using node = await startShop();
    const allowed = /WebSocket|ERR_CONNECTION_REFUSED/;
    await using it = await LookedAt.open(browser, `http://127.0.0.1:${node.port}/#/try?action=upper`, {
      allowed,
    });
    const { page } = it;
    await page.getByRole("main").getByRole("textbox").fill("hola");
    await node.kill();
    await page.getByRole("status").getByText(en.lost).waitFor();
    await page.getByRole("button", { name: en.send, exact: true }).click();
    await node.start();
    await page.getByRole("status").getByText("HOLA").waitFor({ timeout: 30_000 });
    it.assertClean();
  });
});
