/** The page on a phone: put on its home screen, opened without a network, and what is sent there meanwhile. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { needs } from "../../scripts/system-programs.ts";
import type { TaskView } from "../../src/protocol/messages.ts";
import { openChromium } from "../e2e/chromium.ts";
import { startNodeProcess, type NodeProcess } from "../e2e/node-process.ts";

const chromium = needs("chromium");
const OUTBOX = "tanda.outbox.";

type Phone = { node: NodeProcess; url: string; context: BrowserContext; page: Page };
type Kept = { key: string; at: number; triedAt?: number; task?: string };

describe("the page in Chromium", { skip: chromium.skip, timeout: 240_000 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openChromium(chromium.path);
  });
  after(() => browser?.close());

  /** Has opened the page once, so that it is kept. */
  async function openPhone(t: TestContext): Promise<Phone> {
    const node = await startNodeProcess(["--threads", "1"]);
    t.after(() => node[Symbol.asyncDispose]());
    const context = await browser.newContext({ locale: "en" });
    t.after(() => context.close());
    const url = `http://localhost:${node.port}`;
    const page = await context.newPage();
    await page.goto(`${url}/#/try?action=upper`);
    await page.getByRole("button", { name: "Send", exact: true }).waitFor();
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    return { node, url, context, page };
  }

  test("can be installed: its manifest and icons are all that Chromium asks for", async (t) => {
    const { context, page, url } = await openPhone(t);
    const session = await context.newCDPSession(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    // Only windows of a browser in use may install something, not those of a test.
    const errors = installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito");
    assert.deepEqual(errors, []);
    const { errors: wrong, data, manifest } = await session.send("Page.getAppManifest");
    assert.deepEqual(wrong, []);
    assert.equal(manifest.id, `${url}/`);
    assert.deepEqual(
      manifest.shortcuts?.map(({ name, url }) => [name, url]),
      [
        ["Try it", `${url}/?from=home#/try`],
        ["Failed", `${url}/?from=home#/failed`],
      ],
    );
    const { icons } = JSON.parse(data!) as { icons: { src: string; sizes: string }[] };
    const pictures = [...icons.slice(1), { src: "./apple-touch-icon.png", sizes: "180x180" }];
    for (const { src, sizes } of pictures) {
      const size = await page.evaluate(
        `fetch("${src}").then((answer) => answer.blob()).then(createImageBitmap).then(({ width, height }) => width + "x" + height)`,
      );
      assert.equal(size, sizes, src);
    }
    assert.equal(await page.locator('link[rel="apple-touch-icon"]').count(), 1);
  });

  test("opens without its node and says so; what is sent then runs once, after the tab was closed and the node is back", async (t) => {
    const { node, url, context, page } = await openPhone(t);
    await node.kill();
    await page.getByText("The node cannot be reached.").waitFor();
    await page.reload();
    await page.getByText("The node cannot be reached.").waitFor();
    assert.match(await page.locator(".offline-bar").innerText(), /as of\s+\d/);
    await sendText(page, "from the tunnel");
    const list = page.locator(".outbox", { hasText: "Sent, waiting for the network" });
    await list.getByText("from the tunnel").waitFor();
    await page.getByText("1 task waits to be sent").waitFor();
    await page.close();

    const again = await context.newPage();
    await again.goto(`${url}/?from=home#/try`);
    await again.locator(".outbox").getByText("from the tunnel").waitFor();
    const [kept] = await outboxOf(again);
    assert.equal(kept!.triedAt, undefined, "nothing was handed to anybody yet");
    await node.start();
    await again
      .locator(".outbox", { hasText: "Sent earlier" })
      .getByText("FROM THE TUNNEL", { exact: true })
      .waitFor();
    await again.locator(".offline-bar").waitFor({ state: "hidden" });
    const [task] = await tasksNamed(url, kept!.key);
    assert.equal(await again.locator(".outbox a").getAttribute("href"), `#/tasks/${task!.task}`);
    assert.equal((await tasksOf(url, "upper")).length, 1);
    await again.getByRole("button", { name: "Remove: upper" }).click();
    await again.locator(".outbox").waitFor({ state: "detached" });
    assert.deepEqual(await outboxOf(again), []);
  });

  test("without a network it is told at once, the page opens all the same, and what was sent goes when the network is back", async (t) => {
    const { url, context, page: first } = await openPhone(t);
    await context.setOffline(true);
    await first.getByText("You are offline.").waitFor();
    await first.close();
    const page = await context.newPage();
    await page.goto(`${url}/?from=home#/try?action=upper`);
    await page.getByText("You are offline.").waitFor();
    await sendText(page, "by air");
    await page.getByText("1 task waits to be sent").waitFor();
    assert.deepEqual(await tasksOf(url, "upper"), []);
    await context.setOffline(false);
    await page.getByText("BY AIR", { exact: true }).waitFor();
    await page.locator(".offline-bar").waitFor({ state: "hidden" });
    assert.equal((await tasksOf(url, "upper")).length, 1);
  });

  test("what was accepted, its answer lost and the tab closed, is sent again by two tabs, and is one task", async (t) => {
    const { url, context, page } = await openPhone(t);
    await page.close();
    const deaf = await context.newPage();
    await deaf.routeWebSocket(/\/v1\/socket/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (!/"status":"queued"/.test(String(message))) socket.send(message);
      });
    });
    await deaf.goto(`${url}/#/try?action=upper`);
    await sendText(deaf, "said once");
    const [kept] = await until(
      () => outboxOf(deaf),
      (entries) => entries[0]?.triedAt !== undefined,
    );
    await until(
      () => tasksNamed(url, kept!.key),
      (tasks) => tasks[0]?.state === "done",
    );
    assert.equal((await outboxOf(deaf))[0]!.task, undefined);
    await deaf.close();

    const tabs = await Promise.all([context.newPage(), context.newPage()]);
    await Promise.all(tabs.map((tab) => tab.goto(`${url}/#/try`)));
    for (const tab of tabs) await tab.locator(".outbox").getByText("SAID ONCE", { exact: true }).waitFor();
    const [task, ...others] = await tasksOf(url, "upper");
    assert.deepEqual(others, []);
    assert.equal((await outboxOf(tabs[0]))[0]!.task, task!.task);
  });

  test("what was accepted when the connection broke, is answered in the same tab on the next one, and is one task", async (t) => {
    const { url, context, page: first } = await openPhone(t);
    await first.close();
    const page = await context.newPage();
    let breaks = 0;
    await page.routeWebSocket(/\/v1\/socket/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        const isAccepted = String(message).includes('"status":"queued"');
        if (!isAccepted || breaks > 0) return socket.send(message);
        breaks++;
        void server.close();
        void socket.close();
      });
    });
    await page.goto(`${url}/#/try?action=upper`);
    await sendText(page, "in the middle");
    await page.getByText("IN THE MIDDLE", { exact: true }).waitFor();
    assert.equal(breaks, 1);
    assert.equal((await tasksOf(url, "upper")).length, 1);
    await until(
      () => outboxOf(page),
      (entries) => entries.length === 0,
    );
  });

  test("what a node will not have is shown with the reason, and kept until it is removed", async (t) => {
    const { node, context, page, url } = await openPhone(t);
    await node.kill();
    await page.getByText("The node cannot be reached.").waitFor();
    await sendText(page, "never");
    await page.evaluate((prefix) => {
      const name = Object.keys(localStorage).find((name) => name.startsWith(prefix))!;
      const entry = JSON.parse(localStorage.getItem(name)!) as object;
      localStorage.setItem(name, JSON.stringify({ ...entry, action: "no_such_action" }));
    }, OUTBOX);
    await page.close();
    await node.start();
    for (let opened = 0; opened < 2; opened++) {
      const tab = await context.newPage();
      await tab.goto(`${url}/#/try`);
      await tab.locator(".outbox", { hasText: "Not accepted" }).getByText("unknown_action").waitFor();
      await tab.close();
    }
  });

  test("what may have run a week ago, when no node would know it again, waits for the person's word", async (t) => {
    const { page, url } = await openPhone(t);
    const WEEK_MS = 7 * 86_400_000;
    await page.evaluate(
      ([prefix, at]) => {
        const entry = { key: "page:old", action: "upper", payload: "last week", at, triedAt: at };
        localStorage.setItem(`${prefix}page:old`, JSON.stringify(entry));
      },
      [OUTBOX, Date.now() - WEEK_MS] as const,
    );
    await page.reload();
    const list = page.locator(".outbox", { hasText: "Not accepted" });
    await list.getByText("It may have run").waitFor();
    // One that is sent after it is answered, so this one was passed over.
    await sendText(page, "today");
    await page.getByText("TODAY", { exact: true }).waitFor();
    assert.deepEqual(await tasksNamed(url, "page:old"), []);
    await list.getByRole("button", { name: "Send again" }).click();
    await page
      .locator(".outbox", { hasText: "Sent earlier" })
      .getByText("LAST WEEK", { exact: true })
      .waitFor();
    assert.equal((await tasksNamed(url, "page:old")).length, 1);
  });

  test("no more is kept than there is room for, and that is said before anything is taken", async (t) => {
    const { node, page } = await openPhone(t);
    await node.kill();
    await page.evaluate((prefix) => {
      for (let at = 0; at < 100; at++) {
        const entry = { key: `page:${at}`, action: "upper", payload: "x", at };
        localStorage.setItem(`${prefix}page:${at}`, JSON.stringify(entry));
      }
    }, OUTBOX);
    await page.reload();
    await page.getByText("100 tasks wait to be sent").waitFor();
    await sendText(page, "one too many");
    await page.getByRole("alert").getByText("This was not sent").waitFor();
    assert.equal((await outboxOf(page)).length, 100);
    await page.locator(".outbox").getByRole("button", { name: "Remove: upper" }).first().click();
    await sendText(page, "now it fits");
    await page.locator(".outbox").getByText("now it fits").waitFor();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  test("never keeps what the node tells, and drops what it kept of another version", async (t) => {
    const { page } = await openPhone(t);
    await page.evaluate(`caches.open("tanda-page-older").then(() => undefined)`);
    await page.evaluate(
      `fetch("./v1/stats")
         .then(() => navigator.serviceWorker.ready)
         .then((registration) => registration.unregister())
         .then(() => navigator.serviceWorker.register("./sw.js"))
         .then(() => undefined)`,
    );
    const names = await until(
      () => page.evaluate<string[]>("caches.keys()"),
      (names) => !names.includes("tanda-page-older"),
    );
    assert.equal(names.length, 1);
    const kept = await page.evaluate<string[]>(
      `caches.open("${names[0]}")
         .then((cache) => cache.keys())
         .then((requests) => requests.map(({ url }) => new URL(url).pathname))`,
    );
    assert.ok(kept.includes("/") && kept.some((path) => path.startsWith("/assets/")), kept.join());
    assert.deepEqual(
      kept.filter((path) => path.startsWith("/v1/") || path === "/sw.js"),
      [],
    );
  });
});

async function sendText(page: Page, text: string): Promise<void> {
  await page.locator(".sending").locator("input, textarea").first().fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

function outboxOf(page: Page): Promise<Kept[]> {
  return page.evaluate(
    (prefix) =>
      Object.entries(localStorage)
        .filter(([name]) => name.startsWith(prefix))
        .map(([, text]) => JSON.parse(text as string) as Kept),
    OUTBOX,
  );
}

async function tasksNamed(url: string, key: string): Promise<TaskView[]> {
  const answer = await fetch(`${url}/v1/tasks?prefix=${encodeURIComponent(key)}`);
  return ((await answer.json()) as { tasks: TaskView[] }).tasks;
}

async function tasksOf(url: string, action: string): Promise<TaskView[]> {
  const answer = await fetch(`${url}/v1/tasks?action=${action}`);
  return ((await answer.json()) as { tasks: TaskView[] }).tasks;
}

/** The test's own limit ends it. */
async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
