/** Hazard 9: whatever a node tells (payloads, errors, logs, and every name), the page shows it as text and runs none of it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBoth, type There } from "./before-a-node.ts";
import { chromium, LookedAt, newVisitor } from "./looked-at.ts";

const HOSTILE =
  `"'><img src=x onerror="window.owned=1"><script>window.owned=1</script><svg onload="window.owned=1"></svg>` +
  `<a href="javascript:window.owned=1">{{owned}}\${owned}</a>\u202e`;
/** What programs read, and ids, which stand in links. */
const WORDS: ReadonlySet<string> = new Set(
  "id status state code type mode window task $blob level reason priority".split(" "),
);

function poisoned(message: string): string {
  const value = JSON.parse(message) as Record<string, unknown>;
  return JSON.stringify(value, (name, part: unknown) =>
    typeof part === "string" && !WORDS.has(name) ? part + HOSTILE : part,
  );
}

describe(
  "hazard 9: the page before a node that tells hostile text",
  { skip: chromium.skip, timeout: 120_000 },
  () => {
    let there: There & AsyncDisposable;
    before(async () => {
      there = await openBoth({ isLoaded: false });
    });
    after(async () => there?.[Symbol.asyncDispose]());

    const PAGES = [
      "/",
      "/tasks",
      "TASK:done",
      "TASK:failed",
      "TASK:retried",
      "/queues",
      "/workers",
      "/failed",
      "/actions",
      "/try",
    ];
    for (const place of PAGES) {
      test(`at ${place} it is shown and not run`, async () => {
        const { browser, busy } = there;
        const context = await newVisitor(browser);
        let told = 0;
        await context.routeWebSocket(/\/v1\/socket$/, (socket) => {
          const node = socket.connectToServer();
          node.onMessage((message) => {
            told++;
            socket.send(poisoned(String(message)));
          });
        });
        const known = place.startsWith("TASK:") ? (place.slice(5) as "done") : null;
        const hash = known === null ? place : `/tasks/${busy.known[known]}`;
        try {
          await using it = await LookedAt.open(context, `${busy.url}/#${hash}`);
          await it.page.locator("main").getByText("<img src=x").first().waitFor({ state: "attached" });
          const owned = await it.evaluate<unknown[]>(
            `[window.owned, document.querySelectorAll("img[src=x], svg[onload], main script, a[href^='javascript:']").length]`,
          );
          assert.deepEqual(owned, [null, 0]);
          assert.ok(told > 0);
          // The page's policy would stop it too; it must not come so far.
          const broken = it.complaints.filter((text) => /policy|Content Security|owned/.test(text));
          assert.deepEqual(broken, []);
        } finally {
          await context.close();
        }
      });
    }
  },
);
