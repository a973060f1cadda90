import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { neededBy, needs } from "../../scripts/system-programs.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/system-programs.ts", import.meta.url));
const RUNNER = fileURLToPath(new URL("../../scripts/test.mjs", import.meta.url));
/** In quotes, and not where the runner of this very file would read it as a need. */
const NAME = JSON.stringify("chromium");
const IS_ROOT = process.getuid?.() === 0;

/** A machine with these programs and no other. */
function machine(t: TestContext, programs: Record<string, string>): { folder: string; log: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), "tanda-machine-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  for (const name of ["flock", "sh", "sleep", "chmod"]) {
    const real = [`/usr/bin/${name}`, `/bin/${name}`].find((path) => existsSync(path));
    if (real !== undefined) symlinkSync(real, join(folder, name));
  }
  const log = join(folder, "log");
  return { folder, log: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []) };
}

function run(
  args: string[],
  folder: string,
  more: NodeJS.ProcessEnv = {},
): Promise<{ code: number; output: string }> {
  const env = { ...process.env, CHROMIUM: "", PATH: folder, ...more };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

const APT_GET = `here=\${0%/*}
echo "$@" >> "$here/log"
sleep 0.3
case "$*" in
  *install*) printf '#!/bin/sh\\n' > "$here/chromium"; chmod 755 "$here/chromium" ;;
esac`;

test("two that miss a program at once install it once; without root it is told who may", async (t) => {
  const { folder, log } = machine(t, { "apt-get": APT_GET });
  const both = await Promise.all([run([SCRIPT, "chromium"], folder), run([SCRIPT, "chromium"], folder)]);
  if (!IS_ROOT) {
    for (const { code, output } of both) {
      assert.equal(code, 1);
      assert.match(output, /Missing: chromium\. Not installed: only root may\./);
    }
    assert.deepEqual(log(), []);
    return;
  }
  for (const { code, output } of both) assert.equal(code, 0, output);
  assert.deepEqual(
    log().map((line) => line.replace(/^-o \S+ /, "")),
    ["update -qq", "install -y -qq --no-install-recommends chromium"],
  );
  const { code, output } = await run([SCRIPT, "chromium"], folder);
  assert.deepEqual([code, output, log().length], [0, "", 2]);
});

test("on a machine without apt it is told that it cannot be had", async (t) => {
  const { folder } = machine(t, {});
  const { code, output } = await run([SCRIPT, "chromium"], folder);
  assert.equal(code, 1);
  assert.match(output, /Missing: chromium\. Not installed: this is no Debian\./);
});

test("a suite whose program cannot be had is skipped with the reason, and that fails CI", async (t) => {
  const { folder } = machine(t, {});
  const tests = mkdtempSync(join(tmpdir(), "tanda-runner-"));
  t.after(() => rmSync(tests, { recursive: true, force: true }));
  writeFileSync(
    join(tests, "page.test.ts"),
    `import { test } from "node:test";
     import { needs } from ${JSON.stringify(SCRIPT)};
     test("a page", { skip: needs(${NAME}).skip }, () => {});
     test("no page", () => {});`,
  );
  const away = await run([RUNNER, tests], folder, { CI: "" });
  assert.equal(away.code, 0, away.output);
  assert.match(away.output, /Missing: chromium/);
  assert.match(away.output, /page\.test\.ts: a page \(chromium is not on this machine \(apt-get install/);
  const inCi = await run([RUNNER, tests], folder, { CI: "true" });
  assert.equal(inCi.code, 1);
  const wrong = await run([RUNNER, tests], folder, { CI: "", CHROMIUM: join(folder, "nothing") });
  assert.match(wrong.output, /a page \(CHROMIUM names .*nothing, which is no program\)/);
});

test("what a test file needs is read from it, and is in the table", () => {
  assert.deepEqual(neededBy([fileURLToPath(new URL("../client/chromium.test.ts", import.meta.url))]), [
    "chromium",
  ]);
  const unknown = "no-such-program";
  assert.throws(() => needs(unknown), /No program no-such-program/);
});
