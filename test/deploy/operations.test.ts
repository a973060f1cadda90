/** docs/operations.md against what it tells of. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PAGE, withFlags } from "../../scripts/flags-page.ts";
import { EXIT_MEANINGS } from "../../src/cli/exit-code.ts";
import { ROOT } from "./told.ts";

const page = readFileSync(PAGE, "utf8");

describe("docs/operations.md", () => {
  test("has every flag as the tables that parse them have it", () => {
    assert.equal(page, withFlags(page), "make it anew: npm run docs:flags");
  });

  test("names metrics that there are, and all of them", () => {
    const source = readFileSync(join(ROOT, "src/gateway/http/prometheus.ts"), "utf8");
    const real = new Set([...source.matchAll(/"((?:tanda|process)_[a-z_]+)"/g)].map(([, name]) => name!));
    const told = [...page.matchAll(/\b((?:tanda|process)_[a-z_]+)\b/g)].map(([, name]) =>
      name!.replace(/_(bucket|sum|count)$/, ""),
    );
    assert.ok(real.size > 10);
    assert.deepEqual([...new Set(told)].sort(), [...real].sort());
  });

  test("has the exit codes as the program has them", () => {
    for (const [code, meaning] of EXIT_MEANINGS)
      assert.ok(page.includes(`| ${code} | ${meaning} |`), `${code}`);
  });

  test("names files of deploy/ that there are", () => {
    const named = [...page.matchAll(/\bdeploy\/[\w./@-]+\w/g)].map(([path]) => path);
    for (const path of named.filter((one) => !one.startsWith("deploy/secrets")))
      readFileSync(join(ROOT, path));
    assert.ok(named.length > 3);
  });
});
