/**
 * A process of its own that resends the same tasks as others do: node postgres-writing-process.ts URL IDS_JSON FIRST
 * It says that it is ready, and begins when its input ends: so all begin at once.
 */
import { once } from "node:events";
import { createIdMaker } from "../../src/task/id.ts";
import { openAt } from "./open-postgres.ts";
import { finish, newSpec, simple, submit } from "./sample-events.ts";

const [url, given, first] = process.argv.slice(2) as [string, string, string];
const ids = JSON.parse(given) as string[];
const makeId = createIdMaker(9, () => Date.now(), Math.random);
await using store = await openAt(url);
console.log("ready");
await once(process.stdin.resume(), "end");
const told: string[] = [];
// Each from a place of its own, in an order of its own: only the store keeps them from waiting in a circle.
const turned = [...ids.slice(Number(first)), ...ids.slice(0, Number(first))];
for (let from = 0; from < ids.length; from += 20) {
  const some = turned.slice(from, from + 20).sort(() => Math.random() - 0.5);
  const answers = await Promise.all([
    store.apply(some.map((id) => submit(newSpec({ id })))),
    store.apply(some.map((id) => submit(newSpec({ id: makeId(), key: `key of ${id}` })))),
  ]);
  const result = `"${process.pid}"`;
  const finishes = await store.apply([
    ...some.map((id) => finish(id, 1, { type: "done", result, resultBlob: null })),
    ...some.map((id) => simple("cancel", id)),
  ]);
  for (const { verdict } of answers.flat()) told.push(verdict);
  for (const { verdict } of finishes.slice(0, some.length)) if (verdict === "applied") told.push("won");
}
const rows = await store.get(ids);
const keyed = await store.getByKey(ids.map((id) => `key of ${id}`));
console.log(
  JSON.stringify({
    applied: told.filter((one) => one === "applied").length,
    unchanged: told.filter((one) => one === "unchanged").length,
    won: told.filter((one) => one === "won").length,
    rows: rows.map((row) => [row?.state, row?.result]),
    keyed: keyed.map((row) => row?.id),
  }),
);
