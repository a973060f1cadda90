/** Several nodes, of which one dies and one is told to stop: what the drawing makes of them. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Locator, Page } from "playwright-core";
import assert from "node:assert/strict";
import { en } from "../../dashboard/src/words/en.ts";
import { NodeProcess } from "../e2e/node-process.ts";
import { freePorts } from "../services/free-ports.ts";
import { barriers, overflowing } from "./accessible.ts";
import { chromium, LookedAt, openBrowser, PHONE } from "./looked-at.ts";

/** A node's box, by its title. */
const box = (page: Page, title: string): Locator =>
  page
    .getByRole("region", { name: en.flow })
    .locator(".react-flow__node")
    .filter({ has: page.getByRole("heading", { name: title, exact: true }) });

describe("three nodes", { skip: chromium.skip, timeout: 120_000 }, () => {
  const nodes: NodeProcess[] = [];
  let browser: Browser;
  before(async () => {
    const ports = await freePorts(3);
    for (const [at, port] of ports.entries()) {
      const peers = ports.map((other, n) => `${n + 1}=127.0.0.1:${other}`).filter((_, n) => n !== at);
      const flags = ["--node", String(at + 1), "--peers", peers.join(), "--threads", "1", "--drain", "20s"];
      nodes.push(new NodeProcess(port, await mkdtemp(join(tmpdir(), "tanda-page-")), flags, {}));
    }
    await Promise.all(nodes.map((node) => node.start()));
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
  });

  test("are drawn one by one; one that is killed and one that is stopped as down, until they are back", async () => {
    await using it = await LookedAt.open(browser, `http://127.0.0.1:${nodes[0]!.port}`);
    const { page } = it;
    for (const number of [1, 2, 3]) {
      await box(page, `${en.gateway} ${number}`).waitFor();
      await box(page, `${en.worker} ${number}`).waitFor();
    }
    await page.getByText(en.balancer).first().waitFor();

    await nodes[2]!.kill();
    await box(page, `${en.gateway} 3`).getByText(en.down).waitFor({ timeout: 20_000 });

    assert.deepEqual(await barriers(it), []);
    await nodes[1]!.kill("SIGTERM");
    await box(page, `${en.gateway} 2`).getByText(en.down).waitFor({ timeout: 20_000 });

    await Promise.all([nodes[1]!.start(), nodes[2]!.start()]);
    for (const number of [2, 3]) {
      await box(page, `${en.gateway} ${number}`).getByText(en.down).waitFor({ state: "hidden" });
      await box(page, `${en.worker} ${number}`).waitFor();
    }
    it.assertClean();
  });

  test("are seen on a phone too, each with its threads", async () => {
    const url = `http://127.0.0.1:${nodes[1]!.port}/#/workers`;
    await using it = await LookedAt.open(browser, url, { viewport: PHONE, isMobile: true, hasTouch: true });
    await it.page
      .getByText(/1 threads?/)
      .nth(2)
      .waitFor();
    assert.deepEqual(await overflowing(it), []);
    await it.go("/");
    await box(it.page, `${en.gateway} 3`).waitFor();
    assert.deepEqual(await overflowing(it), []);
    it.assertClean();
  });
});
