import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const pages = globSync("**/*.md", {
  cwd: ROOT,
  exclude: ["**/node_modules/**", "dist/**", "data/**"],
}).sort();

type Block = { language: string; text: string };

const read = (page: string): string => readFileSync(join(ROOT, page), "utf8");
const blocksOf = (page: string): Block[] =>
  [...read(page).matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1]!.trim(),
    text: match[2]!,
  }));
const withoutBlocks = (page: string): string => read(page).replace(/^```[\s\S]*?^```$/gm, "");
const headingsOf = (page: string): string[] =>
  [...withoutBlocks(page).matchAll(/^(#+) (.*)$/gm)].map((match) => match[0]);

/** As GitHub makes them: lower case, no punctuation, dashes for spaces. */
function anchorsOf(page: string): Set<string> {
  return new Set(
    headingsOf(page).map((heading) =>
      heading
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

describe("the pages", () => {
  test("the pages a repository is expected to have are there", () => {
    for (const page of [
      "README.md",
      "LEEME.md",
      "ARCHITECTURE.md",
      "CONTRIBUTING.md",
      "CHANGELOG.md",
      "SECURITY.md",
    ]) {
      assert.ok(pages.includes(page), page);
    }
  });

  for (const page of pages) {
    test(`every link of ${page} leads somewhere`, () => {
      const dead: string[] = [];
      for (const [, link] of withoutBlocks(page).matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(link!)) continue;
        const [path = "", anchor] = link!.split("#");
        const target = path === "" ? page : posix.normalize(posix.join(posix.dirname(page), path));
        if (!existsSync(join(ROOT, target))) dead.push(link!);
        else if (anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor))
          dead.push(link!);
      }
      assert.deepEqual(dead, []);
    });

    test(`every JavaScript block of ${page} can be read`, async () => {
      for (const { language, text } of blocksOf(page)) {
        if (language === "js") await parses(text);
      }
    });
  }

  test("the TypeScript blocks of each page type-check against the sources, as one program", async () => {
    let count = 0;
    for (const page of pages) {
      const blocks = blocksOf(page).filter((block) => block.language === "ts");
      if (blocks.length === 0) continue;
      count += blocks.length;
      await typeCheck(page, blocks);
    }
    assert.ok(count >= 3, "README has TypeScript blocks");
  });

  test("the tsconfig.json that README gives to a project of one's own takes its blocks as they are", async () => {
    const blocks = blocksOf("README.md");
    const own = JSON.parse(blocks.find(({ language }) => language === "json")!.text) as Config;
    await typeCheck(
      "README.md",
      blocks.filter(({ language }) => language === "ts"),
      own,
    );
  });

  test("LEEME.md is README.md in Spanish: the same headings in number and level, the same blocks", () => {
    const levels = (page: string): number[] => headingsOf(page).map((heading) => heading.indexOf(" "));
    assert.deepEqual(levels("LEEME.md"), levels("README.md"));
    assert.deepEqual(blocksOf("LEEME.md"), blocksOf("README.md"));
  });

  test("no decision is longer than a page, and their numbers have no gap", () => {
    const decisions = pages.filter((page) => /^docs\/decisions\/\d/.test(page));
    decisions.forEach((page, index) => {
      assert.equal(Number(posix.basename(page).slice(0, 4)), index + 1, page);
      assert.ok(read(page).trimEnd().split("\n").length <= 30, `${page} is over 30 lines`);
    });
    assert.ok(decisions.length > 0);
  });
});

const run = promisify(execFile);

function folder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "tanda-docs-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function parses(text: string): Promise<void> {
  using place = folder();
  const file = join(place.path, "block.mjs");
  writeFileSync(file, text);
  await run(process.execPath, ["--check", file]);
}

type Config = { readonly extends?: string; readonly compilerOptions: object };

const ours: Config = {
  extends: join(ROOT, "tsconfig.json"),
  compilerOptions: {
    rewriteRelativeImportExtensions: false,
    noUnusedLocals: false,
    lib: ["es2024", "esnext.disposable", "dom"],
  },
};

/** A block whose first line is a comment with a file name is that file, so that others can import it. */
async function typeCheck(page: string, blocks: readonly Block[], given: Config = ours): Promise<void> {
  using place = folder();
  blocks.forEach(({ text }, index) => {
    const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? `block-${index + 1}.ts`;
    const file = join(place.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\nexport {};\n`);
  });
  symlinkSync(join(ROOT, "node_modules"), join(place.path, "node_modules"));
  writeFileSync(join(place.path, "package.json"), `{ "type": "module" }\n`);
  const config = {
    ...given,
    compilerOptions: {
      ...given.compilerOptions,
      typeRoots: [join(ROOT, "node_modules/@types")],
      paths: { tanda: [join(ROOT, "src/index.ts")], "tanda/client": [join(ROOT, "src/client/client.ts")] },
    },
    include: ["*.ts"],
    exclude: ["node_modules"],
  };
  writeFileSync(join(place.path, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [tsc, "-p", place.path], { cwd: place.path }).catch(
    (failure: { stdout?: string }) => assert.fail(`${page}: ${failure.stdout}`),
  );
}
