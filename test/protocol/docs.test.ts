import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { OPS, OPTION_NAMES } from "../../src/protocol/messages.ts";
import { ERROR_CODES } from "../../src/task/errors.ts";
import { createIdMaker, idNodeTag, idTime } from "../../src/task/id.ts";
import { TRANSITIONS } from "../../src/task/state.ts";

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const protocol = read("protocol.md");

test("the drawing of the states is the table of transitions", () => {
  const drawing = /## States\n\n```\n([^]*?)```/.exec(protocol)![1]!;
  const drawn: Record<string, string[]> = {};
  for (const group of drawing.split(/\n\s*\n/)) {
    const from = /^ {3}([a-z]+) ─/m.exec(group)?.[1];
    assert.ok(from, group);
    assert.equal(drawn[from], undefined, `${from} is drawn twice`);
    drawn[from] = [...group.matchAll(/▶ ([a-z]+)$/gm)].map((match) => match[1]!);
    assert.equal(drawn[from].length, group.match(/▶/g)?.length ?? 0);
  }
  const sorted = (table: Record<string, readonly string[]>): object =>
    Object.fromEntries(Object.entries(table).map(([from, to]) => [from, to.toSorted()]));
  assert.deepEqual(sorted(drawn), sorted(TRANSITIONS));
});

test("docs/errors.md is the table of errors, both ways", () => {
  const rows = [...read("errors.md").matchAll(/^\| `([a-z_]+)` \| (\d+) \| (yes|no) \| (.+) \|$/gm)];
  const written = rows.map(([, code, http, retryable, meaning]) => [
    code,
    { http: Number(http), retryable: retryable === "yes", meaning },
  ]);
  assert.deepEqual(written, Object.entries(ERROR_CODES));
});

test("the page has every op and every option, and no other", () => {
  const firstWords = (title: string, end: string): string[] => {
    const section = protocol.slice(protocol.indexOf(title), protocol.indexOf(end));
    return [...section.matchAll(/^\| `([A-Za-z_]+)` \|/gm)].map((match) => match[1]!);
  };
  assert.deepEqual(firstWords("### A task", "### Ops").toSorted(), [...OPTION_NAMES].toSorted());
  assert.deepEqual(firstWords("### Ops", "### For people").toSorted(), [...OPS].toSorted());
});

test("the drawing of the id says where the time and the tag are", () => {
  const form = /^ {3}(t{8}-\S+)$/m.exec(protocol)![1]!;
  const id = createIdMaker(
    0x2a5,
    () => 0x0123456789ab,
    () => 0,
  )();
  assert.equal(id.length, form.length);
  const taken = (letter: string): string =>
    Array.from(form, (char, i) => (char === letter ? id[i] : "")).join("");
  assert.equal(Number.parseInt(taken("t"), 16), idTime(id));
  assert.equal(taken("7"), "7");
  assert.equal(taken("c"), "000");
  const tag = ((Number.parseInt(taken("V"), 16) & 3) << 8) | Number.parseInt(taken("n").slice(0, 2), 16);
  assert.equal(tag, 0x2a5);
  assert.equal(tag, idNodeTag(id));
});
