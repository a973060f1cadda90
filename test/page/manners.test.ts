/** What a page owes to who has it open: quiet when hidden, still when asked, in his language, with a name. */
import assert from "node:assert/strict";
import { en } from "../../dashboard/src/words/en.ts";
import { es } from "../../dashboard/src/words/es.ts";
import { beforeANode } from "./before-a-node.ts";
import { LookedAt } from "./looked-at.ts";
import { ROOMS } from "./rooms.ts";
import { until } from "../until.ts";

const RUNNING = `document.getAnimations().filter(({ playState }) => playState === "running").length`;
const hide = (isHidden: boolean): string => `
  Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => "${isHidden ? "hidden" : "visible"}" });
  document.dispatchEvent(new Event("visibilitychange"));`;
const PAGES = ["overview", "tasks", "tryIt", "queues", "workers", "failed", "actions"] as const;
const HASHES = ["/", "/tasks", "/try", "/queues", "/workers", "/failed", "/actions"] as const;

beforeANode("the manners of the page", { isLoaded: true }, (look) => {
  look(
    "no page asks anything while its tab is hidden, and each does when it is seen again",
    "/",
    async (it) => {
      const { busy, page } = it;
      await Promise.all(
        ROOMS.map(async (room) => {
          await using one = await LookedAt.open(page.context(), `${busy.url}/#${room.hash(busy.known)}`);
          await room.shown(one.page);
          let asked: string[] = [];
          const session = await one.devtools();
          await session.send("Network.enable");
          // A sign of life, which keeps the connection, is no question.
          session.on("Network.webSocketFrameSent", ({ response: { payloadData } }) => {
            if (!payloadData.includes('"ping"')) asked.push(payloadData);
          });
          await one.page.evaluate(hide(true));
          // What was under way is answered first.
          await one.page.waitForTimeout(500);
          asked = [];
          // Longer than most pages wait between two questions.
          await one.page.waitForTimeout(2500);
          assert.deepEqual(asked, [], room.name);
          await one.page.evaluate(hide(false));
          await until(() => Promise.resolve(asked.length > 0));
          one.assertClean();
        }),
      );
    },
  );

  look(
    "a tab that is hidden and seen again many times asks no more often than before",
    "/queues",
    async (it) => {
      const { page } = it;
      await page.getByRole("row").nth(1).waitFor();
      let asked = 0;
      const session = await it.it.devtools();
      await session.send("Network.enable");
      session.on("Network.webSocketFrameSent", ({ response: { payloadData } }) => {
        if (payloadData.includes('"queues"')) asked++;
      });
      for (let times = 0; times < 6; times++) await page.evaluate(hide(times % 2 === 0));
      await page.waitForTimeout(1500);
      asked = 0;
      await page.waitForTimeout(4000);
      // Once a second: were each event a beginning, it would be two dozen.
      assert.ok(asked >= 1 && asked <= 5, `${asked} questions in 4 s`);
    },
  );

  look("things move where tasks flow", "/", async ({ page }) => {
    await until(() => page.evaluate<boolean>(`${RUNNING} > 0`));
  });

  look(
    "nothing moves for who asked for that",
    "/",
    async ({ busy, page, it }) => {
      for (const room of ROOMS) {
        await it.go(room.hash(busy.known));
        await room.shown(page);
        assert.equal(await page.evaluate(RUNNING), 0, room.name);
      }
    },
    { reducedMotion: "reduce" },
  );

  look("its title says which page it is, and which task", "/", async ({ page, it, busy }) => {
    const titled = async (hash: string, word: string): Promise<string | null> => {
      await it.go(hash);
      for (let tries = 0; tries < 60; tries++) {
        const title = await page.title();
        if (title.includes("Tanda") && title.includes(word)) return null;
        await page.waitForTimeout(50);
      }
      return `${hash}: ${await page.title()} without ${word}`;
    };
    const wrong: (string | null)[] = [];
    for (const [at, hash] of HASHES.entries()) wrong.push(await titled(hash, en[PAGES[at]!]));
    wrong.push(await titled(`/tasks/${busy.known.failed}`, "charge"));
    assert.deepEqual(
      wrong.filter((one) => one !== null),
      [],
    );
  });

  look(
    "speaks Spanish to who reads Spanish, on every page, until he chooses otherwise",
    "/",
    async ({ page, it }) => {
      for (const [at, hash] of HASHES.entries()) {
        await it.go(hash);
        await page.getByRole("link", { name: es[PAGES[at]!], exact: true }).waitFor();
        await page.locator("main :is(h1, h2, h3)").first().waitFor();
        const text = await page.locator("body").innerText();
        for (const word of [
          en.throughput,
          en.workers,
          en.noSuchTasks,
          en.whatToDo,
          en.whatItTakes,
          en.threads,
        ])
          assert.doesNotMatch(text, new RegExp(`(^|\\s)${word}(\\s|$)`, "m"), `${word} on ${hash}`);
      }
      assert.equal(await page.evaluate("document.documentElement.lang"), "es-ES");
      await page.getByRole("combobox", { name: /Idioma/ }).selectOption("en");
      await page.getByRole("link", { name: en.overview, exact: true }).waitFor();
      await page.reload();
      await page.getByRole("link", { name: en.overview, exact: true }).waitFor();
      assert.equal(await page.evaluate("document.documentElement.lang"), "en");
    },
    { locale: "es-ES" },
  );
});
