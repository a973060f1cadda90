/** Every page, at a desk and on a phone, in light and in dark, with a node at work behind it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { barriers, overflowing } from "./accessible.ts";
import { openBoth } from "./before-a-node.ts";
import { chromium, DESK, LookedAt, PHONE } from "./looked-at.ts";
import { ROOMS } from "./rooms.ts";

describe("each page of a busy node", { skip: chromium.skip, timeout: 180_000 }, () => {
  let there: Awaited<ReturnType<typeof openBoth>>;
  before(async () => {
    there = await openBoth();
  });
  after(async () => there?.[Symbol.asyncDispose]());

  for (const [width, viewport] of [
    ["desk", DESK],
    ["phone", PHONE],
  ] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      describe(`at a ${width}, ${colorScheme}`, () => {
        let it: LookedAt;
        before(async () => {
          const hasTouch = width === "phone";
          it = await LookedAt.open(there.browser, there.busy.url, {
            viewport,
            colorScheme,
            hasTouch,
            isMobile: hasTouch,
          });
        });
        after(async () => it?.[Symbol.asyncDispose]());

        for (const room of ROOMS) {
          test(`${room.name} shows what it must, complains of nothing, fits, and keeps nobody out`, async () => {
            it.complaints.length = 0;
            await it.go(room.hash(there.busy.known));
            await room.shown(it.page);
            assert.deepEqual(await overflowing(it), [], "wider than the window");
            assert.deepEqual(await barriers(it), [], "axe");
            it.assertClean();
          });
        }
      });
    }
  }
});
