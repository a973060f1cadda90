/** The page in a browser of its own, with everything noted that it must not do. */
import assert from "node:assert/strict";
import type { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from "playwright-core";
import { openChromium } from "../e2e/chromium.ts";
import { needs } from "../../scripts/system-programs.ts";

export const chromium = needs("chromium");
export const DESK = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

export function openBrowser(): Promise<Browser> {
  return openChromium((chromium as { path: string }).path);
}

/** What a refused connection or a wrong token says by itself, where a test does just that. */
const NOTHING = /^$/;

export type Options = BrowserContextOptions & { allowed?: RegExp };

export function newVisitor(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  return browser.newContext({ locale: "en-GB", viewport: DESK, ...options });
}

export class LookedAt implements AsyncDisposable {
  readonly page: Page;
  /** What the console, the network and the page's policy complained of. */
  readonly complaints: string[] = [];
  readonly #allowed: RegExp;
  readonly #end: () => Promise<void>;

  private constructor(page: Page, allowed: RegExp, end: () => Promise<void>) {
    this.page = page;
    this.#allowed = allowed;
    this.#end = end;
  }

  /** @param where a browser, for a visitor of its own, or what a visitor has open already: then the page alone is new. */
  static async open(
    where: Browser | BrowserContext,
    url: string,
    { allowed = NOTHING, ...options }: Options = {},
  ): Promise<LookedAt> {
    const isOwn = "newContext" in where;
    const context = isOwn ? await newVisitor(where, options) : where;
    const page = await context.newPage();
    // A test that finds nothing is to say so soon.
    page.setDefaultTimeout(10_000);
    const it = new LookedAt(page, allowed, () => (isOwn ? context.close() : page.close()));
    const complain = (text: string): void => void it.complaints.push(text);
    page.on("console", (said) => {
      if (["error", "warning"].includes(said.type())) complain(`console ${said.type()}: ${said.text()}`);
    });
    page.on("pageerror", (error) => complain(`thrown: ${error.stack ?? error.message}`));
    page.on("requestfailed", (one) => {
      // What was left for another page, or was a download, did not fail.
      const why = one.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") complain(`failed: ${one.url()} ${why}`);
    });
    page.on("response", (one) => {
      if (one.status() >= 400) complain(`${one.status()}: ${one.url()}`);
    });
    await page.addInitScript(
      `addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile + ":" + event.lineNumber));`,
    );
    await page.goto(url);
    return it;
  }

  /** Within the page: what stands behind the # of its address. */
  async go(hash: string): Promise<void> {
    await this.page.goto(`${this.page.url().replace(/#.*$/, "")}#${hash}`);
  }

  assertClean(): void {
    assert.deepEqual(
      this.complaints.filter((text) => !this.#allowed.test(text)),
      [],
    );
  }

  /** An expression in the page's own world, past its policy. */
  async evaluate<T>(expression: string): Promise<T> {
    const session = await this.devtools();
    try {
      const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value as T;
    } finally {
      await session.detach();
    }
  }

  devtools(): Promise<CDPSession> {
    return this.page.context().newCDPSession(this.page);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }
}
