/** A suite with a node and a browser of its own; what every test has besides is one look at the page. */
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { BusySystem } from "./busy-system.ts";
import { chromium, LookedAt, newVisitor, openBrowser, type Options } from "./looked-at.ts";

export type There = { readonly busy: BusySystem; readonly browser: Browser };
type Look = There & { readonly page: Page; readonly it: LookedAt };
type Test = (
  name: string,
  hash: string | ((busy: BusySystem) => string),
  body: (look: Look) => Promise<void>,
  options?: Options,
) => void;

/** @param isLoaded false: nothing happens there but what tests do. */
export function beforeANode(
  name: string,
  { isLoaded }: { isLoaded: boolean },
  body: (look: Test) => void,
): void {
  describe(name, { skip: chromium.skip, timeout: 180_000 }, () => {
    let busy: BusySystem;
    let browser: Browser;
    let visitor: BrowserContext;
    before(async () => {
      [busy, browser] = await Promise.all([BusySystem.start({ isLoaded }), openBrowser()]);
      visitor = await newVisitor(browser);
    });
    after(async () => {
      await browser?.close();
      await busy?.[Symbol.asyncDispose]();
    });
    body((name, hash, work, options) => {
      test(name, async () => {
        const at = typeof hash === "string" ? hash : hash(busy);
        await using it = await LookedAt.open(options ? browser : visitor, `${busy.url}/#${at}`, options);
        await work({ busy, browser, page: it.page, it });
        it.assertClean();
      });
    });
  });
}

/** Tasks that are listed, by the links to them, in that order. */
export function tasksShown(page: Page): Promise<string[]> {
  return page
    .locator('main a[href^="#/tasks/"]')
    .evaluateAll((links) => links.map((link) => link.getAttribute("href")!.split("/").at(-1)!));
}
