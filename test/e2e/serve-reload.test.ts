/** `tanda serve --watch`: the actions follow their file. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Lines } from "./lines.ts";
import { Place, type ServeProcess } from "./serve-process.ts";

const said = (answer: string, more = ""): string =>
  `export default { say: { run: () => ${JSON.stringify(answer)} }, ${more} };\n`;
const LOADED = "actions loaded anew";
const BROKEN = "the actions do not load; the old ones go on";

/** Whole at once: a reader between truncation and writing would see an empty file. */
function replaceFile(file: string, text: string): void {
  writeFileSync(`${file}~`, text);
  renameSync(`${file}~`, file);
}

/** How often the log has said it. */
const count = (serve: ServeProcess, words: string): number => serve.text.split(words).length - 1;
/** Resolves after the log has said it once more than `before`. */
async function again(serve: ServeProcess, words: string, before: number): Promise<void> {
  await serve.until(new RegExp(`(?:${words}[\\s\\S]*?){${before + 1}}`));
}

test("--watch takes up new actions and changed ones, keeps the old while the file is broken, and mends", async (t) => {
  using place = new Place();
  const file = join(place.path, "actions.ts");
  writeFileSync(file, said("first"));
  await using serve = place.serve({ args: ["--actions", file, "--watch"] });
  using lines = await Lines.open(await serve.listening());
  const say = async (): Promise<unknown> => (await lines.ask({ action: "say" })).result?.data;
  const code = async (action: string): Promise<string | undefined> =>
    (await lines.ask({ action, payload: null })).result?.error?.code;
  const change = async (words: string, doIt: () => void): Promise<void> => {
    const before = count(serve, words);
    doIt();
    await again(serve, words, before);
  };

  await t.test("a changed handler takes effect", async () => {
    assert.equal(await say(), "first");
    await change(LOADED, () => writeFileSync(file, said("second")));
    assert.equal(await say(), "second");
  });

  await t.test("a new action appears, in what runs and in the list", async () => {
    assert.equal(await code("shout"), "unknown_action");
    await change(LOADED, () => replaceFile(file, said("second", `shout: { run: () => "loud" }`)));
    assert.equal((await lines.ask({ action: "shout" })).result?.data, "loud");
    const actions = (await lines.ask({ op: "actions" })).data as { action: string; isServed: boolean }[];
    assert.equal(actions.find(({ action }) => action === "shout")?.isServed, true);
  });

  await t.test("what an editor does, writing beside and renaming, is seen", async () => {
    await change(LOADED, () => replaceFile(file, said("renamed")));
    assert.equal(await say(), "renamed");
  });

  for (const [what, text, reason] of [
    ["a file that cannot be parsed", "export default { say: { run: ( };", /actions\.ts/],
    ["a file that throws", `throw new Error("no database today");`, /no database today/],
    ["a file that exports no actions", `export default { say: { run: 5 } };`, /say/],
    ["a file that is gone", null, /actions\.ts/],
  ] as const) {
    await t.test(`${what} changes nothing, and the log says why`, async () => {
      const { length } = serve.text;
      await change(BROKEN, () => (text === null ? rmSync(file) : replaceFile(file, text)));
      const event = serve.text
        .slice(length)
        .split("\n")
        .filter((line) => line.includes(BROKEN))
        .map((line) => JSON.parse(line) as { level: number; file: string; error: { message: string } })
        .at(-1)!;
      assert.equal(event.level, 50);
      assert.equal(event.file, file);
      assert.match(event.error.message, reason);
      assert.equal(await say(), "renamed");
    });
  }

  await t.test("mending the file mends the node", async () => {
    await change(LOADED, () => replaceFile(file, said("mended")));
    assert.equal(await say(), "mended");
    const left = (await lines.ask({ op: "actions" })).data as { action: string; isServed: boolean }[];
    assert.equal(
      left.find(({ action }) => action === "shout")?.isServed,
      false,
      "an action that is gone is not served",
    );
  });

  await t.test("what runs while the file changes ends as it began", async () => {
    await change(LOADED, () =>
      writeFileSync(
        file,
        said("old", `slow: { run: () => new Promise((end) => setTimeout(end, 1500, "as it began")) }`),
      ),
    );
    const running = lines.ask({ action: "slow", options: {} });
    await change(LOADED, () => replaceFile(file, said("new", `slow: { run: () => "as it is now" }`)));
    assert.equal(await say(), "new");
    const reply = await running;
    assert.equal(reply.result?.data, "as it began");
    assert.equal((await lines.ask({ action: "slow" })).result?.data, "as it is now");
  });

  await t.test("a file beside it is not its own", async () => {
    const before = count(serve, LOADED);
    writeFileSync(join(place.path, "other.ts"), "nothing");
    await change(LOADED, () => replaceFile(file, said("last")));
    assert.equal(count(serve, LOADED), before + 1);
  });

  await t.test("a file that it imports is, also in another folder and by way of another file", async () => {
    const [near, far] = [join(place.path, "near.ts"), join(place.path, "far", "words.ts")];
    mkdirSync(dirname(far));
    writeFileSync(far, `export const word: string = "far";\n`);
    writeFileSync(near, `export { word } from "./far/words.ts";\n`);
    const text = `import { word } from "./near.ts";\nexport default { say: { run: () => word } };\n`;
    await change(LOADED, () => replaceFile(file, text));
    assert.equal(await say(), "far");
    await change(LOADED, () => replaceFile(far, `export const word: string = "farther";\n`));
    assert.equal(await say(), "farther");
    await change(LOADED, () => replaceFile(near, `export const word: string = "near";\n`));
    assert.equal(await say(), "near");
  });

  serve.signal("SIGINT");
  assert.equal(await serve.exited, 0);
  assert.deepEqual(place.leftovers, []);
});

test("without --watch the actions stay as they were", async () => {
  using place = new Place();
  const file = join(place.path, "actions.ts");
  replaceFile(file, said("first"));
  await using serve = place.serve({ args: ["--actions", file] });
  using lines = await Lines.open(await serve.listening());
  replaceFile(file, said("second"));
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await lines.ask({ action: "say" })).result?.data, "first");
  assert.equal(count(serve, LOADED), 0);
});
