/** The page without a mouse: keys, what has the focus, and how that is seen. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import { beforeANode, tasksShown } from "./before-a-node.ts";
import { until } from "../until.ts";

const focused = (page: Page, expression: string): Promise<string> =>
  page.evaluate<string>(`String(((at) => ${expression})(document.activeElement))`);
const hrefOf = (page: Page): Promise<string> => focused(page, `at.getAttribute("href")`);

/** A ring, in whatever way it is drawn. */
const isFocusSeen = (page: Page): Promise<string> =>
  focused(
    page,
    `(({ outlineStyle, outlineWidth, boxShadow }) =>
       (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none")(getComputedStyle(at))`,
  );

beforeANode("with keys alone", { isLoaded: false }, (look) => {
  look("the first Tab offers to skip to the content, and Enter does", "/tasks", async ({ page }) => {
    await until(async () => (await tasksShown(page)).length > 3);
    await page.keyboard.press("Tab");
    assert.equal(await focused(page, "at.textContent"), en.skip);
    assert.equal(await page.getByText(en.skip).isVisible(), true);
    const box = await page.getByText(en.skip).boundingBox();
    assert.ok(box !== null && box.x >= 0 && box.y >= 0, JSON.stringify(box));
    await page.keyboard.press("Enter");
    assert.equal(await focused(page, "at.tagName"), "MAIN");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page, `at.closest("main") !== null`), "true");
  });

  for (const hash of ["/", "/tasks", "/try?action=order", "/queues", "/workers", "/failed", "/actions"]) {
    look(`whatever has the focus shows it on ${hash}`, hash, async ({ page }) => {
      await page.getByRole("navigation").waitFor();
      await page.locator("main :is(h1, h2, h3)").first().waitFor();
      const seen = new Set<string>();
      for (let n = 0; n < 25; n++) {
        await page.keyboard.press("Tab");
        const what = await focused(page, `at.tagName + " " + at.outerHTML.slice(0, 160)`);
        if (what.startsWith("BODY")) break;
        seen.add(what);
        assert.equal(await isFocusSeen(page), "true", what);
      }
      assert.ok(seen.size > 8, [...seen].join("\n"));
    });
  }

  look("g and a letter goes to each page, and in a field is text", "/", async ({ page }) => {
    const ways = [
      ["t", /#\/tasks/],
      ["n", /#\/try/],
      ["q", /#\/queues/],
      ["w", /#\/workers/],
      ["f", /#\/failed/],
      ["a", /#\/actions/],
      ["o", /#\/$/],
      ["t", /#\/tasks/],
    ] as const;
    await page.getByRole("navigation").waitFor();
    for (const [key, url] of ways) {
      await page.keyboard.press("g");
      await page.keyboard.press(key);
      await page.waitForURL(url);
    }
    await page.getByRole("searchbox").focus();
    await page.keyboard.type("gq");
    assert.equal(await page.getByRole("searchbox").inputValue(), "gq");
    assert.match(page.url(), /#\/tasks/);
  });

  look("/ searches from any page, and Escape leaves the field", "/queues", async ({ page }) => {
    await page.getByRole("navigation").waitFor();
    await page.keyboard.press("/");
    await page.waitForURL(/#\/tasks/);
    await page.getByRole("searchbox").waitFor();
    if ((await focused(page, "at.tagName")) !== "INPUT") await page.keyboard.press("/");
    assert.equal(await focused(page, "at.type"), "search");
    await page.keyboard.type("order-");
    await until(async () => (await tasksShown(page)).length === 1);
    await page.keyboard.press("Escape");
    assert.notEqual(await focused(page, "at.tagName"), "INPUT");
  });

  look("j and k walk through the tasks, and Enter opens one", "/tasks", async ({ page }) => {
    await until(async () => (await tasksShown(page)).length > 3);
    const [first, second] = await tasksShown(page);
    await page.keyboard.press("j");
    assert.equal(await hrefOf(page), `#/tasks/${first}`);
    await page.keyboard.press("j");
    assert.equal(await hrefOf(page), `#/tasks/${second}`);
    await page.keyboard.press("k");
    assert.equal(await hrefOf(page), `#/tasks/${first}`);
    await page.keyboard.press("j");
    assert.equal(await isFocusSeen(page), "true");
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(second!));
    await page.getByRole("button", { name: en.runAgain }).waitFor();
  });

  look("j goes on through more tasks than are drawn at once", "/tasks?action=letters", async (it) => {
    const { busy, page } = it;
    const handles = await Promise.all(
      Array.from({ length: 80 }, (_, n) => busy.client.letters.submit(`word ${n}`)),
    );
    await Promise.all(handles.map((handle) => handle.result()));
    await page.reload();
    await until(async () => (await tasksShown(page)).length > 3);
    const passed = new Set<string>();
    for (let n = 0; n < 70; n++) {
      await page.keyboard.press("j");
      passed.add(await hrefOf(page));
    }
    assert.equal(passed.size, 70);
  });

  look("? tells all keys, and Escape closes it", "/", async ({ page }) => {
    await page.getByRole("navigation").waitFor();
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: en.keys });
    await dialog.waitFor();
    for (const [, does] of en.keyList) await dialog.getByText(does, { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
  });

  look("a box of the drawing is opened and closed again", "/", async ({ page }) => {
    const box = page.locator("main").getByText(en.storage, { exact: false }).first();
    await box.waitFor();
    const facts = page.getByRole("complementary", { name: en.facts });
    for (let n = 0; n < 40 && !(await facts.isVisible()); n++) {
      await page.keyboard.press("Tab");
      if ((await focused(page, `at.closest("main section") !== null && at.tagName !== "BUTTON"`)) === "true")
        await page.keyboard.press("Enter");
    }
    await facts.waitFor();
    await facts.getByRole("button", { name: en.close }).focus();
    await page.keyboard.press("Enter");
    await facts.waitFor({ state: "hidden" });
  });
});
