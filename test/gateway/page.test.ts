/** The page at `/`, as a browser shows it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { openChromium } from "../e2e/chromium.ts";
import { startNodeProcess } from "../e2e/node-process.ts";

const chromium = needs("chromium");

test("the page shows lines that reach this very node, and runs one", { skip: chromium.skip }, async () => {
  await using node = await startNodeProcess(["--threads", "1"]);
  await using browser = await openChromium(chromium.path);
  for (const host of ["127.0.0.1", "localhost"]) {
    const page = await browser.newPage();
    await page.goto(`http://${host}:${node.port}/`);
    const lines = (await page.locator("pre").textContent())!.split("\n");
    assert.deepEqual(lines, [
      String.raw`printf 'upper hola\nexit\n' | nc ${host} ${node.port}`,
      `curl 'http://${host}:${node.port}/v1/tasks?wait=10' -H 'content-type: application/json' -d '{"action":"upper","payload":"hola"}'`,
      `curl http://${host}:${node.port}/v1/actions`,
    ]);
    await page.locator("#state", { hasText: /^connected$/ }).waitFor();
    await page.fill("input", "upper hola");
    await page.click("button");
    await page.locator("output", { hasText: '"data":"HOLA"' }).waitFor();
    await page.close();
  }
});
