/** Large values of a page: results, bytes, and tasks that are too large. Tests that a file calls with its browser. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sdk } from "../e2e/chromium.ts";
import type actions from "../e2e/fixtures/actions.ts";

type Actions = typeof actions;

/** Runs `work` in a new page, which is closed afterwards. */
export type InPage = <More extends object, T>(
  work: (there: { sdk: Sdk; url: string } & More) => Promise<T>,
  more: More,
  origin?: string,
) => Promise<T>;

export function largeValuesSuite(inPage: InPage): void {
  test("a large result arrives whole; one over the line's limit as a blob that the page can read", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const whole = await tanda.repeat(900_000);
      const link = (await tanda.repeat(3_000_000)) as unknown as { $blob: string; bytes: number };
      const kept = (await new Response(await tanda.$.blobs.get(link)).json()) as string;
      return { whole: whole.length, link: typeof link.$blob, kept: kept.length };
    }, {});
    assert.deepEqual(told, { whole: 900_000, link: "string", kept: 3_000_000 });
  });

  test("a page's bytes, files and streams become blobs", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const text = "one\ntwo\n".repeat(20_000);
      const file = new File([text], "lines.txt", { type: "text/plain" });
      const sizes: number[] = [];
      for (const body of [text, new TextEncoder().encode(text), file, file.stream()]) {
        const link = await tanda.$.blobs.put(body);
        const measured = await tanda.measure({ file: link });
        sizes.push(measured.file, measured.lines);
      }
      const missing = await tanda.$.blobs.get("0".repeat(64)).catch((error: { code: string }) => error.code);
      return { sizes, missing };
    }, {});
    assert.deepEqual(told.sizes, Array.from({ length: 4 }, () => [160_000, 40_000]).flat());
    assert.equal(told.missing, "not_found");
  });

  test("a task over the line's limit is refused, and the others beside it are not", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const calls = ["a", "x".repeat(2_000_000), "b", "y".repeat(3_000_000), "c"].map((text) =>
        tanda
          .upper(text, { callTimeout: "20s" })
          .catch((error: { code?: string }) => error.code ?? "no code"),
      );
      return Promise.all(calls);
    }, {});
    assert.deepEqual(told, ["A", "too_large", "B", "too_large", "C"]);
  });
}
