import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { version: string };

/** What a stranger does with the published package, in a project that has nothing but it. */
describe("the published package", { timeout: 300_000 }, () => {
  let project = "";
  let packed: string[] = [];

  before(
    async () => {
      project = mkdtempSync(join(tmpdir(), "tanda-package-"));
      const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", project], {
        cwd: ROOT,
        maxBuffer: 1 << 24,
      });
      // prepare's own output comes before the JSON
      const report = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as unknown;
      const [entry] = Object.values(report as object) as { filename: string; files: { path: string }[] }[];
      packed = entry!.files.map((file) => file.path);
      writeFileSync(join(project, "package.json"), `{ "private": true, "type": "module" }\n`);
      await run("npm", ["install", "--no-audit", "--no-fund", `./${entry!.filename}`], { cwd: project });
    },
    { timeout: 240_000 },
  );
  after(() => rmSync(project, { recursive: true, force: true }));

  const inProject = (file: string, args: string[] = []): Promise<{ stdout: string; stderr: string }> =>
    run(file, args, { cwd: project, timeout: 60_000 });

  test("holds what runs and what is read, and nothing else", () => {
    for (const needed of [
      "bin/tanda.js",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js",
      "LICENSE",
    ]) {
      assert.ok(packed.includes(needed), `${needed} is missing`);
    }
    const allowed = /^(bin|dist|docs)\/|^(README\.md|LEEME\.md|CHANGELOG\.md|LICENSE|package\.json)$/;
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path) || /(?<!\.d)\.ts$/.test(path)),
      [],
    );
  });

  test("every file that package.json names is there", () => {
    const named = JSON.stringify(JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).exports)
      .match(/"\.\/[^"]+\.(?:js|ts|json)"/g)!
      .map((quoted) => quoted.slice(3, -1));
    assert.deepEqual(
      named.filter((path) => !packed.includes(path)),
      [],
    );
  });

  test("brings no tools of development along", () => {
    for (const name of ["typescript", "oxlint", "node", "zod", "sharp", "playwright-core"]) {
      assert.ok(!existsSync(join(project, "node_modules", name)), `${name} was installed`);
    }
  });

  test("npx tanda version tells the version", async () => {
    const { stdout } = await inProject("npx", ["--no", "tanda", "version"]);
    assert.match(stdout, new RegExp(`\\b${version.replaceAll(".", "\\.")}\\b`));
  });

  test("a program starts a node in itself and runs a task, here and over the socket", async () => {
    writeFileSync(
      join(project, "actions.js"),
      `import { defineActions } from "tanda";
       export default defineActions({ double: { run: (n) => n * 2 } });`,
    );
    writeFileSync(
      join(project, "app.js"),
      `import { connect, startNode } from "tanda";
       await using node = await startNode({
         data: ":memory:",
         listen: [{ host: "127.0.0.1", port: 0, proxy: false }],
         actions: new URL("./actions.js", import.meta.url),
       });
       console.log(await node.client.upper("hola"));
       await using tanda = connect("tanda://127.0.0.1:" + node.addresses[0].port);
       console.log(await tanda.double(21));`,
    );
    const { stdout } = await inProject(process.execPath, ["app.js"]);
    assert.deepEqual(stdout.trim().split("\n"), ["HOLA", "42"]);
  });

  test("its types are complete for a strict compiler", async () => {
    writeFileSync(
      join(project, "typed.ts"),
      `import { connect, defineActions } from "tanda";
       import { connect as connectFromBrowser } from "tanda/client";
       const actions = defineActions({ double: { run: async (n: number) => n * 2 } });
       const tanda = connect<typeof actions>("tanda://localhost:9000");
       export const four: number = await tanda.double(2);
       // @ts-expect-error a wrong payload does not compile
       await tanda.double("two");
       export { connectFromBrowser };`,
    );
    const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
    const options = "--noEmit --strict --target es2024 --lib es2024,esnext.disposable,dom --module nodenext";
    const nodeTypes = ["--types", "node", "--typeRoots", `${ROOT}node_modules/@types`];
    await inProject(process.execPath, [tsc, ...options.split(" "), ...nodeTypes, "typed.ts"]).catch(
      (failure: { stdout?: string }) => assert.fail(`tsc: ${failure.stdout}`),
    );
  });
});
