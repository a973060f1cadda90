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

/** A node at work and a browser. When one does not start the other is ended: or the file would never end. */
export async function openBoth(options: { isLoaded?: boolean } = {}): Promise<There & AsyncDisposable> {
  const [started, opened] = await Promise.allSettled([BusySystem.start(options), openBrowser()]);
  const end = async (): Promise<void> => {
    if (opened.status === "fulfilled") await opened.value.close();
    if (started.status === "fulfilled") await started.value[Symbol.asyncDispose]();
  };
  if (started.status === "fulfilled" && opened.status === "fulfilled")
    return { busy: started.value, browser: opened.value, [Symbol.asyncDispose]: end };
  await end();
  throw started.status === "rejected" ? started.reason : (opened as PromiseRejectedResult).reason;
}

/** @param isLoaded false: nothing happens there but what tests do. */
export function beforeANode(
  name: string,
  { isLoaded }: { isLoaded: boolean },
  body: (look: Test) => void,
): void {
  describe(name, { skip: chromium.skip, timeout: 180_000 }, () => {
    let there: There & AsyncDisposable;
    let visitor: BrowserContext;
    before(async () => {
      there = await openBoth({ isLoaded });
      visitor = await newVisitor(there.browser);
    });
    after(async () => there?.[Symbol.asyncDispose]());
    body((name, hash, work, options) => {
      test(name, async () => {
        const { busy, browser } = there;
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
