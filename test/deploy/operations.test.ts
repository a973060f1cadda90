/** docs/operations.md against what it tells of. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PAGE, withFlags } from "../../scripts/flags-page.ts";
import { EXIT_MEANINGS } from "../../src/cli/exit-code.ts";
import { readYaml, ROOT } from "./told.ts";

const page = readFileSync(PAGE, "utf8");

describe("docs/operations.md", () => {
  test("has every flag as the tables that parse them have it", () => {
    assert.equal(page, withFlags(page), "make it anew: npm run docs:flags");
  });

  test("names metrics that there are, and all of them; alerts too name none else", () => {
    const source = readFileSync(join(ROOT, "src/gateway/http/prometheus.ts"), "utf8");
    const real = new Set([...source.matchAll(/"((?:tanda|process)_[a-z_]+)"/g)].map(([, name]) => name!));
    const told = [...page.matchAll(/\b((?:tanda|process)_[a-z_]+)\b/g)].map(([, name]) =>
      name!.replace(/_(bucket|sum|count)$/, ""),
    );
    assert.ok(real.size > 10);
    assert.deepEqual([...new Set(told)].sort(), [...real].sort());
    const rules = readYaml("prometheus-alerts.yaml") as { groups: { rules: { expr: string }[] }[] };
    const watched = rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)).join("\n");
    const named = [...watched.matchAll(/\btanda_[a-z_]+\b/g)].map(([name]) => name);
    assert.ok(named.length > 5);
    for (const name of named) assert.ok(real.has(name), name);
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
