/** Tasks in JSON from a menu, a web page and a phone, which threads run at the same time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { devices, type Browser, type BrowserContext, type Page } from "playwright-core";
import { needs } from "../../../scripts/system-programs.ts";
import { TerminalRun } from "../../cli/run-in-terminal.ts";
import { freePorts } from "../../services/free-ports.ts";
import { openChromium } from "../chromium.ts";
import { Lines } from "../lines.ts";
import { startNodeProcess, type NodeProcess } from "../node-process.ts";
import { Python, sqliteRows } from "./student.ts";

/** Servers start slowly where much runs beside them. */
const START = { timeout: 240_000 };

const chromium = needs("chromium");
const skip = chromium.skip || needs("python3").skip || needs("sqlite3").skip;
/** A phone comes from another machine, and so has to show one. */
const TOKEN = "a-token-of-some-length";
const STUCK = 3;

type View = { task: string; state: string };

describe("inverting, averaging and counting", { skip, timeout: 180_000 }, () => {
  let node: NodeProcess;
  let browser: Browser;
  let site: Python;
  let pageUrl: string;

  before(async () => {
    const [port] = await freePorts(1);
    const origin = `http://127.0.0.1:${port}`;
    site = new Python("-m", "http.server", String(port), "--bind", "127.0.0.1");
    [node, browser] = await Promise.all([
      startNodeProcess(["--threads", String(STUCK + 1), "--origin", origin], { TANDA_TOKEN: TOKEN }),
      openChromium(chromium.path),
      site.until(/Serving HTTP/),
    ]);
    pageUrl = `${origin}/page.html?server=http://127.0.0.1:${node.port}`;
  }, START);
  after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
    await node?.[Symbol.asyncDispose]();
  });

  async function open(context: BrowserContext): Promise<Page> {
    const page = await context.newPage();
    await page.goto(pageUrl);
    await page.click("summary");
    await page.fill("#token", TOKEN);
    return page;
  }

  async function answer(page: Page, form: string, text: string): Promise<void> {
    await page.locator(`#${form} output`, { hasText: new RegExp(`^${text}$`) }).waitFor();
  }

  test("the menu asks for each, and shows what comes", async () => {
    const env = { TANDA_TOKEN: TOKEN };
    const server = `tanda://127.0.0.1:${node.port}`;
    await using shell = new TerminalRun(["shell", "--lang", "es"], { server, env });
    for (const [action, typed, shown] of [
      ["reverse", "menú", /únem/],
      ["average", "1, 2, 6", /\n.*\b3\n/],
      ["count", "año 👍", /\n.*\b5\n/],
    ] as const) {
      await shell.see(/¿Qué quieres hacer\?/);
      shell.type(`${action}\r`);
      await shell.see(new RegExp(`◆ {2}${action}`));
      shell.type(`${typed}\r`);
      await shell.see(/Hecho · [\d.]+ ms/);
      await shell.see(shown);
    }
    await shell.see(/¿Qué quieres hacer\?/);
    shell.type("\u0003");
    assert.equal(await shell.ended(), 0);
  });

  test("a web page has its answers while other threads are stuck: they run side by side, and stop when told", async () => {
    using lines = await Lines.open(node.port);
    await lines.ask({ op: "auth", token: TOKEN });
    const options = { wait: false };
    const stuck = await lines.askAll(
      Array.from({ length: STUCK }, () => ({ action: "fib", payload: 50, options })),
    );
    const running = async (): Promise<View[]> =>
      ((await lines.ask({ op: "list", state: "running" })).data as { tasks: View[] }).tasks;
    while ((await running()).length < STUCK);

    await using context = await browser.newContext();
    const page = await open(context);
    await page.fill("#reverse input", "web");
    await page.click("#reverse button");
    await answer(page, "reverse", '"bew"');
    await page.click("#average button");
    await answer(page, "average", "3");
    await page.click("#count button");
    await answer(page, "count", "5");
    assert.equal((await running()).length, STUCK, "all the while");

    for (const { task } of stuck) {
      const { data } = await lines.ask({ op: "cancel", task });
      assert.equal((data as View).state, "cancelled");
    }
    assert.deepEqual(await running(), []);
  });

  test("a phone has them too, by the finger and on its narrow screen; what is wrong is told", async () => {
    await using context = await browser.newContext(devices["Pixel 7"]);
    const page = await open(context);
    await page.fill("#reverse input", "phone");
    await page.tap("#reverse button");
    await answer(page, "reverse", '"enohp"');
    await page.fill("#average input", "1, dos");
    await page.tap("#average button");
    await answer(page, "average", "invalid_input: .*");
    const isTooWide = await page.evaluate("document.documentElement.scrollWidth > innerWidth");
    assert.equal(isTooWide, false);
    await page.fill("#token", "of-somebody-else");
    await page.tap("#count button");
    await answer(page, "count", "unauthorized: .*");
  });

  test("what was done is in SQLite, whoever asked for it", async () => {
    const sql = "select payload, result from tasks where action = 'reverse' order by id";
    assert.deepEqual(await sqliteRows(join(node.data, "tanda.db"), sql), [
      { payload: '"menú"', result: '"únem"' },
      { payload: '"web"', result: '"bew"' },
      { payload: '"phone"', result: '"enohp"' },
    ]);
  });
});
