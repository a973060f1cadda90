import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

type Ended = { code: number | null; output: string };

/**
 * A fresh clone as npm sees it: our scripts and our bin, but one dependency that lies beside it, so that no registry is
 * asked, a build that leaves a trace, and a program that says what it was given.
 */
function makeClone(t: TestContext): {
  clone: string;
  inClone: (file: string, args: string[]) => Promise<Ended>;
} {
  const folder = mkdtempSync(join(tmpdir(), "tanda-clone-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clone = join(folder, "clone");
  const write = (path: string, text: string): void => {
    mkdirSync(join(clone, path, ".."), { recursive: true });
    writeFileSync(join(clone, path), text);
  };
  const { name, version, bin, type, scripts } = JSON.parse(
    readFileSync(join(ROOT, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  write("brick/package.json", `{ "name": "brick", "version": "1.0.0" }`);
  const dependencies = { brick: "file:brick" };
  write("package.json", JSON.stringify({ name, version, bin, type, scripts, dependencies }));
  const packages = {
    "": { name, version, dependencies },
    brick: { version: "1.0.0" },
    "node_modules/brick": { resolved: "brick", link: true },
  };
  write("package-lock.json", JSON.stringify({ name, version, lockfileVersion: 3, requires: true, packages }));
  for (const path of ["bin/tanda.js", "scripts/install.mjs"]) cpSync(join(ROOT, path), join(clone, path));
  write(
    "scripts/build.mjs",
    `import fs from "node:fs";
     fs.appendFileSync("builds", "built\\n");
     await new Promise((resolve) => setTimeout(resolve, 500));
     fs.mkdirSync("dist", { recursive: true });
     fs.mkdirSync("dist/page", { recursive: true });
     fs.writeFileSync("dist/index.js", "");
     fs.writeFileSync("dist/page/index.html", "");`,
  );
  write("src/cli/main.ts", `console.log("given " + process.argv.slice(2).join(" "));`);
  const env = { ...process.env, npm_config_cache: join(folder, "cache"), npm_config_offline: "true" };
  const inClone = (file: string, args: string[]): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const child = spawn(file, args, { cwd: clone, env });
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output }));
    });
  return { clone, inClone };
}

const buildsOf = (clone: string): string => readFileSync(join(clone, "builds"), "utf8");

test("npx as the first command in a fresh clone installs, and answers; so does the second", async (t) => {
  const { clone, inClone } = makeClone(t);
  const first = await inClone("npx", ["tanda", "version"]);
  assert.match(first.output, /Installing what Tanda needs[^]*given version\n/);
  assert.equal(first.code, 0);
  assert.ok(existsSync(join(clone, "dist/index.js")));
  const second = await inClone("npx", ["tanda", "help"]);
  assert.match(second.output, /given help\n/);
  assert.doesNotMatch(second.output, /Installing/);
  assert.equal(buildsOf(clone), "built\n");
});

test("of two first commands at once one installs, and the other waits for it", async (t) => {
  const { clone, inClone } = makeClone(t);
  const tanda = [join(clone, "bin/tanda.js"), "version"];
  const ended = await Promise.all([inClone(process.execPath, tanda), inClone(process.execPath, tanda)]);
  for (const { code, output } of ended) {
    assert.match(output, /given version\n/);
    assert.equal(code, 0);
  }
  assert.equal(ended.filter(({ output }) => output.includes("Installing what Tanda needs")).length, 1);
  assert.equal(buildsOf(clone), "built\n");
  assert.ok(!existsSync(join(clone, ".installing")));
});

test("what an install that was killed has left does not keep the next from it", async (t) => {
  const { clone, inClone } = makeClone(t);
  const left = join(clone, ".installing");
  writeFileSync(left, "1\n");
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(left, longAgo, longAgo);
  const { code, output } = await inClone(process.execPath, [join(clone, "scripts/install.mjs")]);
  assert.equal(code, 0, output);
  assert.ok(existsSync(join(clone, "dist/index.js")));
});

test("a clone without dist is built again, and nothing is fetched", async (t) => {
  const { clone, inClone } = makeClone(t);
  const install = join(clone, "scripts/install.mjs");
  await inClone(process.execPath, [install]);
  rmSync(join(clone, "dist"), { recursive: true });
  const { output } = await inClone(process.execPath, [install]);
  assert.doesNotMatch(output, /Installing/);
  assert.equal(buildsOf(clone), "built\nbuilt\n");
});

test("a page that is older than its sources is built again", async (t) => {
  const { clone, inClone } = makeClone(t);
  const install = join(clone, "scripts/install.mjs");
  await inClone(process.execPath, [install]);
  mkdirSync(join(clone, "dashboard"));
  writeFileSync(join(clone, "dashboard/main.tsx"), "");
  const soon = new Date(Date.now() + 1000);
  utimesSync(join(clone, "dashboard/main.tsx"), soon, soon);
  await inClone(process.execPath, [install]);
  assert.equal(buildsOf(clone), "built\nbuilt\n");
});
