/** What CI asks npm's registry, before registries of our own. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../scripts/audit.sh", import.meta.url));

function audit(registry: string): Promise<{ code: number; text: string }> {
  const env = { ...process.env, npm_config_registry: registry };
  return new Promise((resolve) => {
    execFile(SCRIPT, { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr }),
    );
  });
}

/** @param told of packages by name, as the registry writes it; null: it has no such service. */
async function openRegistry(t: TestContext, told: object | null): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    const isAsked = request.url?.endsWith("/advisories/bulk") === true && told !== null;
    response.writeHead(isAsked ? 200 : 404, { "content-type": "application/json" });
    response.end(isAsked ? JSON.stringify(told) : "{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const HOLE = {
  id: 1,
  url: "https://example.com/hole",
  title: "a hole",
  severity: "critical",
  vulnerable_versions: "*",
  cwe: [],
  cvss: { score: 9, vectorString: null },
};

test("a known hole in what is installed fails the check, and is named", async (t) => {
  const { code, text } = await audit(await openRegistry(t, { ws: [HOLE] }));
  assert.equal(code, 1, text);
  assert.match(text, /ws/);
});

test("without a hole it passes, and so it does where the registry cannot be asked, which is said", async (t) => {
  const clean = await audit(await openRegistry(t, {}));
  assert.equal(clean.code, 0, clean.text);
  assert.match(clean.text, /nothing is known/);
  for (const registry of [await openRegistry(t, null), "http://127.0.0.1:1/"]) {
    const { code, text } = await audit(registry);
    assert.equal(code, 0, text);
    assert.match(text, /the registry cannot be asked/);
  }
});
