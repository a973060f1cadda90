/** The page at `/`, as a browser is given it. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { openGateway } from "./open-gateway.ts";

async function openPage(t: TestContext): Promise<{ url: string; html: string; headers: Headers }> {
  const { url } = await openGateway(t);
  const answer = await fetch(`${url}/`);
  assert.equal(answer.status, 200);
  return { url, html: await answer.text(), headers: answer.headers };
}

test("the page may load nothing but what is served beside it, and be framed by nobody", async (t) => {
  const { html, headers } = await openPage(t);
  const policy = headers.get("content-security-policy")!;
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(headers.get("x-frame-options"), "DENY");
  assert.doesNotMatch(html, /<script(?![^>]* src=)|<style|style="|https?:\/\//);
});

test("what has a hash in its name may be kept for a year, the page itself is asked for again and answered with 304", async (t) => {
  const { url, html, headers } = await openPage(t);
  assert.equal(headers.get("cache-control"), "no-cache");
  const again = await fetch(`${url}/`, { headers: { "if-none-match": headers.get("etag")! } });
  assert.equal(again.status, 304);
  const assets = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map((found) => found[1]!);
  assert.ok(assets.length >= 2);
  for (const asset of assets) {
    const { headers: told } = await fetch(`${url}/${asset}`);
    assert.equal(told.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal(told.get("x-content-type-options"), "nosniff");
  }
});

test("all of the page is less than 250 kB as a browser fetches it", async (t) => {
  const { url, html } = await openPage(t);
  const files = ["/", ...[...html.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map((found) => found[1]!)];
  let total = 0;
  for (const file of files) {
    const { headers } = await fetch(url + file, { headers: { "accept-encoding": "gzip" } });
    total += Number(headers.get("content-length"));
  }
  assert.ok(total > 50_000 && total < 250_000, `${total} bytes`);
});

test("the service worker is asked for anew each time, by a name that stays, and keeps what the page is made of", async (t) => {
  const { url, html } = await openPage(t);
  const answer = await fetch(`${url}/sw.js`);
  assert.equal(answer.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(answer.headers.get("cache-control"), "no-cache");
  const text = await answer.text();
  const kept = JSON.parse(/SHELL_FILES=(\[[^\]]*\])/.exec(text)![1]!) as string[];
  const needed = [...html.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map((found) => found[1]!);
  assert.deepEqual(
    ["./", ...needed].filter((file) => !kept.includes(file)),
    [],
  );
  for (const file of kept) assert.equal((await fetch(new URL(file, `${url}/`))).status, 200, file);
});
