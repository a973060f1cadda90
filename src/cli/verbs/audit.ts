import { EXIT } from "../exit-code.ts";
import { noteMissing } from "../missing-nodes.ts";
import { showTable } from "../table.ts";
import type { Verb } from "../verb.ts";

const MOST_AT_ONCE = 1000;

export const verb: Verb = {
  name: "audit",
  summary: "Lists administrative acts, newest first: who did what to what, from where, and what came of it.",
  usage: ["audit [--since TIME] [--limit N]"],
  examples: [
    { command: "tanda audit", says: "the last hundred" },
    { command: "tanda audit --since 1d --json", says: "of the last day, for programs" },
  ],
  notes: [
    "Acts are: pause, resume, drain, purge, retry, delete, reload, drain and resume of workers, cancels of others' tasks or of many, tokens made and revoked; and what was refused of these.",
    "It needs a token that may do all.",
  ],
  flags: {
    since: { value: "TIME", says: "1h, 2026-01-31T09:30:00Z, or epoch milliseconds" },
    limit: { value: "N", says: "how many (100)" },
  },
  words: { min: 0, max: 0 },
  async run({ given, terminal, connect }) {
    const since = given.text("since");
    let left = given.count("limit", 1) ?? 100;
    const client = await connect();
    const entries = [];
    let missing: number[] = [];
    for (let cursor: string | undefined; left > 0;) {
      const page = await client.$.audit({
        ...(since === undefined ? {} : { since: /^\d{10,}$/.test(since) ? Number(since) : since }),
        ...(cursor === undefined ? {} : { cursor }),
        limit: Math.min(left, MOST_AT_ONCE),
      });
      entries.push(...page.entries);
      left -= page.entries.length;
      missing = page.missing ?? [];
      if (page.next === null) break;
      cursor = page.next;
    }
    if (terminal.isJson) {
      terminal.json(entries);
      return EXIT.done;
    }
    showTable(
      terminal,
      [
        { title: "TIME", cell: ({ at }) => new Date(at).toISOString() },
        { title: "WHO", cell: ({ who, name }) => (name === undefined ? who : `${who} (${name})`) },
        { title: "FROM", cell: ({ from }) => from || null },
        { title: "ACT", cell: ({ act }) => act },
        { title: "TARGET", cell: ({ target }) => target ?? null },
        {
          title: "OUTCOME",
          cell: ({ outcome }) => terminal.style(outcome === "ok" ? "green" : "red", outcome),
        },
      ],
      entries,
      "Nothing was done.",
    );
    noteMissing(terminal, [{ missing }]);
    return EXIT.done;
  },
};
