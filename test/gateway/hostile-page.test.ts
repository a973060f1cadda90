/** A web page elsewhere cannot reach a node on this machine: tried by a real browser, with all the ways that it has. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { needs } from "../../scripts/system-programs.ts";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import { EVIL_NAME, FRIENDLY_NAME, openChromium, Site } from "../e2e/chromium.ts";
import { NodeProcess, startNodeProcess } from "../e2e/node-process.ts";

const chromium = needs("chromium");
/** A page may see that it was refused, where it asks its own origin, and nothing else. */
const NOTHING = /^(refused|403|\{.*"code":"forbidden".*\})$/;

type Outcomes = Record<string, string>;

describe("a page in Chromium", { skip: chromium.skip, timeout: 120_000 }, () => {
  let site: Site;
  let browser: Browser;
  before(async () => {
    site = await Site.open();
    browser = await openChromium(chromium.path);
  });
  after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** Runs every attack, from a page of wherever. */
  const attack = async (page: Page, target: string, victim: string): Promise<Outcomes> =>
    page.evaluate(
      async ([script, target, victim]) => {
        const hostile = (await import(script!)) as { attackAll(...words: unknown[]): Promise<Outcomes> };
        return hostile.attackAll(target, victim);
      },
      [`${site.originAs("127.0.0.1")}/hostile-page.js`, target, victim],
    );

  async function attackFrom(origin: string, node: NodeProcess, victim: string): Promise<Outcomes> {
    const page = await browser.newPage();
    try {
      await page.goto(origin);
      return await attack(page, `127.0.0.1:${node.port}`, victim);
    } finally {
      await page.close();
    }
  }

  /** A task that waits, for the page to meddle with. */
  const submitVictim = async (tanda: Client): Promise<string> =>
    (await tanda.echo.submit("victim", { delay: "1h" })).task;

  async function assertUntouched(node: NodeProcess, tanda: Client, victim: string): Promise<void> {
    const { tasks } = await tanda.$.list();
    assert.deepEqual(
      tasks.map((task) => [task.task, task.state]),
      [[victim, "scheduled"]],
    );
    const modes = (await tanda.$.queues()).map((queue) => queue.mode);
    assert.deepEqual(new Set(modes), new Set(["open"]));
    const blobs = readdirSync(join(node.data, "blobs"), { recursive: true, withFileTypes: true });
    assert.deepEqual(
      blobs.filter((entry) => entry.isFile()),
      [],
    );
  }

  const assertNothingSeen = (outcomes: Outcomes): void => {
    assert.ok(Object.keys(outcomes).length > 20);
    const seen = Object.entries(outcomes).filter(([, outcome]) => !NOTHING.test(outcome));
    assert.deepEqual(seen, []);
  };

  test("of another origin sends no task, reads nothing and changes nothing; one of a named origin does", async () => {
    await using node = await startNodeProcess(["--threads", "1", "--origin", site.originAs(FRIENDLY_NAME)]);
    await using tanda = connect(`tanda://127.0.0.1:${node.port}`);
    const victim = await submitVictim(tanda);
    // Another site, and another port of this very machine.
    for (const host of [EVIL_NAME, "127.0.0.1"]) {
      assertNothingSeen(await attackFrom(site.originAs(host), node, victim));
      await assertUntouched(node, tanda, victim);
    }
    // The same ways are open where they should be, so what was tried above was worth refusing.
    const outcomes = await attackFrom(site.originAs(FRIENDLY_NAME), node, victim);
    const seen = Object.entries(outcomes).filter(([, outcome]) => outcome !== "refused");
    assert.deepEqual(Object.fromEntries(seen), {
      "a WebSocket": "done",
      "fetch with JSON": "202",
      "fetch with text": "415",
      "fetch in bulk": "202",
      "fetch that reads": "200",
      "fetch of the victim": "200",
      "fetch that deletes": "200",
      "fetch of a blob": "201",
      "an event stream": "open",
    });
    const { tasks } = await tanda.$.list();
    const views = await Promise.all(tasks.map(({ task }) => tanda.$.get(task)));
    assert.deepEqual(views.map((view) => String(view.payload)).sort(), ["bulk", "json", "socket"]);
    assert.equal((await tanda.$.queues())[0]?.mode, "paused");
  });

  test("whose name was made to point here reaches no more", async () => {
    const bait = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<title>bait</title>");
    });
    await new Promise<void>((resolve) => bait.listen(0, "127.0.0.1", resolve));
    const { port } = bait.address() as AddressInfo;
    const page = await browser.newPage();
    await page.goto(`http://${EVIL_NAME}:${port}`);
    bait.closeAllConnections();
    await new Promise((resolve) => bait.close(resolve));
    // From here on the page's own origin is the node.
    await using node = new NodeProcess(
      port,
      await mkdtemp(join(tmpdir(), "tanda-e2e-")),
      ["--threads", "1"],
      {},
    );
    await node.start();
    await using tanda = connect(`tanda://127.0.0.1:${port}`);
    const victim = await submitVictim(tanda);
    const outcomes = await attack(page, `${EVIL_NAME}:${port}`, victim);
    assert.equal(outcomes["fetch that reads"], "403");
    assertNothingSeen(outcomes);
    await assertUntouched(node, tanda, victim);
    await page.close();
  });
});
