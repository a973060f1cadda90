import type { ListFilter, TaskView } from "../../protocol/messages.ts";
import { isState, STATES } from "../../task/state.ts";
import { parseDuration, tellDuration } from "../../task/duration.ts";
import { EXIT } from "../exit-code.ts";
import { noteMissing } from "../missing-nodes.ts";
import { attemptOf, stateWord } from "../phrases.ts";
import { showTable } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError, type Given, type Verb } from "../verb.ts";

export const verb: Verb = {
  name: "list",
  summary: "Lists tasks, newest first.",
  usage: ["list [FLAGS]"],
  examples: [
    { command: "tanda list --state failed --since 1h", says: "what failed in the last hour" },
    {
      command: "tanda list --prefix order- --all --json",
      says: "every task whose key begins so, a JSON value on each line",
    },
  ],
  flags: {
    state: { value: "STATE", says: STATES.join(", ") },
    action: { value: "NAME", says: "only of this action" },
    queue: { value: "NAME", short: "q", says: "only of this queue" },
    since: { value: "TIME", says: 'made since an instant, or so long ago: "1h"' },
    prefix: { value: "TEXT", says: "the id or key begins so" },
    limit: { value: "N", short: "n", says: "how many at most, 1 to 1000 (100)" },
    cursor: { value: "CURSOR", says: "go on where another list ended" },
    all: { short: "a", says: "go on to the end" },
  },
  notes: ["With --json: one value with `tasks` and `next`; with --all: a task on each line."],
  words: { min: 0, max: 0 },
  async run({ given, terminal, connect }) {
    const filter = readFilter(given);
    const client = await connect();
    const isAll = given.has("all");
    let cursor = given.text("cursor") ?? null;
    const told: { missing?: number[] }[] = [];
    for (;;) {
      const page = await client.$.list(cursor === null ? filter : { ...filter, cursor });
      cursor = page.next;
      if (page.missing) told.push({ missing: page.missing });
      if (!terminal.isJson) show(page.tasks, terminal);
      else if (isAll) for (const task of page.tasks) terminal.json(task);
      else terminal.json(page);
      await terminal.drained();
      if (!isAll || cursor === null) break;
    }
    if (!terminal.isJson || isAll) noteMissing(terminal, told);
    if (cursor !== null && !terminal.isJson) terminal.note(`There are more: --all, or --cursor ${cursor}`);
    return EXIT.done;
  },
};

function readFilter(given: Given): ListFilter {
  const state = given.text("state");
  if (state !== undefined && !isState(state)) {
    throw new UsageError(`--state is one of ${STATES.join(", ")}, not ${state}`);
  }
  const since = given.text("since");
  if (since !== undefined && !isTime(since)) {
    throw new UsageError(
      `--since is "1h" for the last hour, 2030-01-31T12:00:00Z or epoch milliseconds, not ${JSON.stringify(since)}`,
    );
  }
  const limit = given.count("limit", 1) ?? (given.has("all") ? 1000 : undefined);
  const filter: ListFilter = {};
  if (state !== undefined) filter.state = state;
  if (limit !== undefined) filter.limit = limit;
  for (const name of ["action", "queue", "since", "prefix"] as const) {
    const text = given.text(name);
    if (text !== undefined) filter[name] = text;
  }
  return filter;
}

function isTime(text: string): boolean {
  if (/^\d+$/.test(text)) return true;
  if (/^\d{4}-/.test(text)) return Number.isFinite(Date.parse(text));
  try {
    parseDuration(text, "--since");
    return true;
  } catch {
    return false;
  }
}

function show(tasks: readonly TaskView[], terminal: Terminal): void {
  const now = Date.now();
  showTable(
    terminal,
    [
      { title: "TASK", cell: (view) => view.task },
      { title: "STATE", cell: (view) => stateWord(view.state, terminal) },
      { title: "ACTION", cell: (view) => view.action, mayBeCut: true },
      { title: "QUEUE", cell: (view) => view.queue, mayBeCut: true },
      { title: "TRY", cell: (view) => attemptOf(view, "/"), isRight: true },
      { title: "AGE", cell: (view) => tellDuration(Math.max(0, now - view.createdAt)), isRight: true },
      { title: "KEY", cell: (view) => view.key, mayBeCut: true },
      { title: "ERROR", cell: (view) => view.error?.code, mayBeCut: true },
    ],
    tasks,
    "No such tasks.",
  );
}
