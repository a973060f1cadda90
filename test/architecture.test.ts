import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { findOffences, mayImport } from "./architecture/rules.ts";
import { ROOT, readImports, readPageSources, readSources, type Source } from "./architecture/sources.ts";

const sources = readSources();

describe("the arrows between rooms", () => {
  test("every import, name and size in src/ keeps the rules", () => {
    assert.ok(sources.length > 10, "src/ was not read");
    assert.deepEqual(findOffences(sources), []);
  });

  test("every relative import names a file that exists", () => {
    const paths = new Set(sources.map((source) => source.path));
    const broken = sources.flatMap(({ path, imports }) =>
      imports
        .filter((it) => !it.isPackage && !paths.has(it.target))
        .map((it) => `src/${path} → ${it.target}`),
    );
    assert.deepEqual(broken, []);
  });

  test("ARCHITECTURE.md shows the same table", () => {
    const page = readFileSync(`${ROOT}ARCHITECTURE.md`, "utf8");
    const shown = new Map<string, string[]>();
    for (const [, room, cell] of page.matchAll(/^\| `([^`|]+)` \| ([^|]*) \|/gm)) {
      shown.set(room!, [...cell!.matchAll(/`([^`]+)`/g)].map((match) => match[1]!).sort());
    }
    const told = new Map(Object.entries(mayImport).map(([room, list]) => [room, [...list].sort()]));
    assert.deepEqual(shown, told);
  });

  test("the page takes from src/ only the client, the protocol and the words of tasks", () => {
    const found = readPageSources().flatMap(({ path, imports }) =>
      imports
        .filter(({ target, isPackage }) => !isPackage && target.startsWith("../"))
        .map(({ target }) => ({ path, target })),
    );
    assert.ok(found.length > 20);
    const wrong = found.filter(
      ({ target }) =>
        !/^\.\.\/src\/(client\/browser\.ts|protocol\/[a-z-]+\.ts|task\/[a-z-]+\.ts)$/.test(target),
    );
    assert.deepEqual(wrong, []);
  });

  test("what a browser loads of the client needs nothing of Node and no package", () => {
    const start = sources.find((source) => source.path === "client/browser.ts");
    assert.ok(start, "src/client/browser.ts");
    const needs: string[] = [];
    const seen = new Set<string>();
    const visit = (source: Source): void => {
      seen.add(source.path);
      for (const { target, isPackage, isTypeOnly } of source.imports) {
        if (isTypeOnly) continue;
        if (isPackage) needs.push(`src/${source.path} → ${target}`);
        const next = sources.find((it) => it.path === target);
        if (next && !seen.has(target)) visit(next);
      }
    };
    visit(start);
    assert.deepEqual(needs, []);
  });
});

describe("the rules themselves", () => {
  const offencesOf = (files: Record<string, string>): string[] =>
    findOffences(
      Object.entries(files).map(([path, text]) => ({
        path,
        lines: text.split("\n").length,
        imports: readImports(path, text),
      })),
    );

  for (const [what, path, text, rule] of [
    [
      "a gateway that knows the store",
      "gateway/a.ts",
      `import { x } from "../store/sqlite.ts";`,
      /may import/,
    ],
    ["… by type only", "gateway/a.ts", `import type { Store } from "../store/store.ts";`, /may import/],
    ["… dynamically", "gateway/a.ts", `await import("../node/start.ts");`, /may import/],
    ["… by re-export", "gateway/a.ts", `export * from "../queue/queue.ts";`, /may import/],
    [
      "… over several lines",
      "gateway/a.ts",
      `import {\n  x, // why\n  y,\n} from "../queue/embedded.ts";`,
      /may import/,
    ],
    [
      "… as the entry of a thread",
      "gateway/a.ts",
      "new Worker(new URL(`../store/sqlite-thread${extname(import.meta.url)}`, import.meta.url));",
      /imports store\/sqlite-thread\.ts/,
    ],
    ["a driver that knows another", "store/sqlite.ts", `import "./postgres.ts";`, /another driver/],
    ["a contract that knows its driver", "queue/queue.ts", `import "./embedded.ts";`, /may import/],
    ["a verb that knows the node", "cli/verbs/list.ts", `import "../../node/start.ts";`, /may import/],
    ["a client that knows the engine", "client/a.ts", `import "../engine/engine.ts";`, /may import/],
    ["a builtin in the protocol", "protocol/a.ts", `import fs from "node:fs";`, /browser/],
    ["SQLite outside its driver", "node/a.ts", `import { DatabaseSync } from "node:sqlite";`, /only for/],
    ["fastify outside the gateway", "node/a.ts", `import fastify from "fastify";`, /only for/],
    ["a package without a home", "node/a.ts", `import x from "left-pad/x";`, /no home/],
    ["a room that is not in the table", "attic/a.ts", "", /not in the table/],
    ["a name that says nothing", "node/task-manager.ts", "", /says nothing/],
    ["a barrel", "node/index.ts", "", /says nothing/],
    ["a name that is not kebab-case", "node/taskRow.ts", "", /kebab-case/],
    ["a long file", "node/a.ts", "x\n".repeat(301), /lines/],
    ["a cycle", "node/a.ts", `import type { B } from "./a.ts";`, /cycle/],
  ] as const) {
    test(`catch ${what}`, () => assert.match(offencesOf({ [path]: text }).join("\n"), rule));
  }

  test("catch a cycle by way of two others", () => {
    const files = {
      "node/a.ts": `import "./b.ts";`,
      "node/b.ts": `import "./c.ts";`,
      "node/c.ts": `import "./a.ts";`,
    };
    assert.match(offencesOf(files).join(), /node\/a\.ts → node\/b\.ts → node\/c\.ts → node\/a\.ts/);
  });

  test("let pass what the table allows, and imports in comments", () => {
    const files = {
      "gateway/a.ts": `import type { Engine } from "../engine/engine.ts";\n// import "../node/start.ts";`,
      "store/sqlite.ts": `import { DatabaseSync } from "node:sqlite";\nimport type { Store } from "./store.ts";`,
      "cli/verbs/serve.ts": `/* like import "../x.ts" */ import { startNode } from "../../node/start.ts";`,
    };
    assert.deepEqual(offencesOf(files), []);
  });
});
