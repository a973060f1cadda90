/** Hazard 13: a secret that is compared letter by letter can be guessed letter by letter. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ROOT, readSources } from "./sources.ts";

/** Both sides are the operator's own, compared once at the start. */
const ALLOWED: ReadonlySet<string> = new Set(["node/cluster-secret.ts: clusterSecret === token"]);

const SECRET = String.raw`[\w.#!?]*(?:[tT]oken|[sS]ecret|[pP]assword|[pP]roof|[dD]igest|[sS]ignature|[hH]mac)(?!\w|\.length)(?:\(\))?!?`;
const OTHER = String.raw`[\w.#!?]+(?:\(\w*\))?`;
/** Two values with === or the like, or one asked whether it begins, ends or is found in the other. */
const COMPARED = [
  new RegExp(String.raw`(?<![\w.#])(${SECRET}) ([!=]==?) (${OTHER})`, "g"),
  new RegExp(String.raw`(?<![\w.#])(${OTHER}) ([!=]==?) (${SECRET})`, "g"),
  new RegExp(String.raw`(${SECRET})\.(startsWith|endsWith|includes|localeCompare|indexOf)\((\w+)\)`, "g"),
];
/** What no secret can be: nothing, a length, a flag. */
const HARMLESS = /^(?:null|undefined|true|false|\d+|typeof|"")$/;

test("hazard 13: secrets are compared in constant time, everywhere", () => {
  const found: string[] = [];
  for (const { path } of readSources()) {
    const text = readFileSync(`${ROOT}src/${path}`, "utf8");
    for (const form of COMPARED)
      for (const [whole, one, , other] of text.matchAll(form)) {
        if (HARMLESS.test(one!) || HARMLESS.test(other!) || ALLOWED.has(`${path}: ${whole}`)) continue;
        found.push(`${path}: ${whole}`);
      }
  }
  assert.deepEqual(found, [], "compare with timingSafeEqual (gateway/door.ts, node/cluster-secret.ts)");
});

test("the test sees a comparison that is not", () => {
  const bad = [
    "given === token",
    "this.#token !== given",
    "password == told.password",
    "secret.startsWith(given)",
  ];
  for (const text of bad)
    assert.ok(
      COMPARED.some((form) => new RegExp(form.source).test(text)),
      text,
    );
});
