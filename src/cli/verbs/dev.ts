import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { openTrouble, type Trouble } from "../../dev/open-trouble.ts";
import type { ActionReport } from "../../dev/findings.ts";
import { linesOf, verdictOf } from "../../dev/report.ts";
import { Story, type Line } from "../../dev/story.ts";
import type { TrialEvent } from "../../dev/trials.ts";
import { readNodeFlags } from "../../node/flags.ts";
import { MEMORY, type NodeOptions } from "../../node/options.ts";
import { startNode, type TandaNode } from "../../node/start-node.ts";
import type { WatchEvent } from "../../protocol/messages.ts";
import { isFinal } from "../../task/state.ts";
import { readRequests, runRequests } from "../dev-requests.ts";
import { visibleLine } from "../../protocol/visible.ts";
import { EXIT } from "../exit-code.ts";
import { watchImported } from "../imported-files.ts";
import { listenForSignals } from "../signals.ts";
import { showTable } from "../table.ts";
import type { Style, Terminal } from "../terminal.ts";
import { UsageError, type Given, type Verb } from "../verb.ts";

const USUAL_FILES = ["actions.ts", "actions.js"];
const MOST_SEED = 2 ** 31;
const STYLES: Readonly<Record<Line["tone"] | "dim", Style | null>> = {
  plain: null,
  good: "green",
  bad: "red",
  trouble: "yellow",
  dim: "dim",
};

export const verb: Verb = {
  name: "dev",
  summary:
    "Runs a node for writing handlers: shows each task's life, and with --chaos tries what a repeat does.",
  usage: ["dev [ACTIONS] [FLAGS]"],
  examples: [
    { command: "tanda dev actions.ts", says: "on 127.0.0.1:9000; the file is loaded anew when it changes" },
    {
      command: "tanda dev actions.ts --chaos",
      says: "every task runs twice, some are killed in the middle; Ctrl+C ends with a report",
    },
    {
      command: `tanda dev actions.ts --chaos --once --run 'words {"text":"a b"}'`,
      says: "for CI: runs this, reports, and exits with 1 when something differs",
    },
    {
      command: "tanda dev actions.ts --chaos --once --file tasks.jsonl --seed 7",
      says: "the same trouble as last time",
    },
  ],
  notes: [
    "ACTIONS: a file as for `tanda serve --actions`; without it actions.ts or actions.js of this folder, or the built-in actions alone.",
    'A line of --file is a task: {"action":"words","payload":{"text":"a b"}}; with `options`, those of the wire.',
    "It looks at nothing but its flags: no TANDA_ variable leads it to a real store. What it found, and what it cannot see, is explained in docs/dev.md.",
  ],
  flags: {
    chaos: { says: "make trouble on purpose, and report the handlers whose results or effects differ" },
    run: { value: "TASK", says: "run this at the start: 'ACTION PAYLOAD'; may be given several times" },
    file: { value: "FILE", says: "run these at the start: a JSON line each, in order" },
    once: { says: "end when those of --run and --file are over; they run one after another" },
    tasks: { value: "N", says: "end when so many tasks are over" },
    seed: { value: "N", says: "the same seed makes the same trouble (one is chosen, and told)" },
    listen: { value: "ADDR", says: "where it listens (127.0.0.1:9000; with --once any free port)" },
    data: { value: "DIR", says: "keep tasks in this folder (nothing is kept)" },
    threads: { value: "N", says: "threads for actions (one a core)" },
  },
  words: { min: 0, max: 1 },
  async run({ words, given, terminal }) {
    const file = words[0] ?? USUAL_FILES.find((name) => existsSync(name)) ?? null;
    const seed = given.count("seed") ?? randomInt(MOST_SEED);
    const wanted = given.count("tasks", 1) ?? Infinity;
    const requests = await readRequests(given);
    if (given.has("once") && requests.length === 0) throw new UsageError("--once needs --run or --file");
    const signals = listenForSignals(["SIGINT", "SIGTERM"]);
    const show = new Show(terminal);
    // After what the node tells of the same turn: what a handler said comes before its end.
    const tellTrouble = (event: TrialEvent): void =>
      void setImmediate(() => show.line(show.story.ofTrouble(event), event));
    using trouble = given.has("chaos") ? openTrouble(seed, tellTrouble, Date.now) : null;
    await using node = await startNode({ ...optionsOf(given, file), log: show.log }, trouble);
    greet(terminal, node, file, trouble === null ? null : seed);
    const enough = Promise.withResolvers<void>();
    const watching = await node.engine.watch({}, (events) => {
      for (const event of events) show.event(event);
      if (show.ended >= wanted) enough.resolve();
    });
    const reloading = file === null ? null : followFile(file, node, show);
    let failed = 0;
    const ran = runRequests(requests, node.client, terminal).then((count) => (failed = count));
    await Promise.race([given.has("once") ? ran : ran.then(() => enough.promise), signals.next()]);
    void signals.next().then(() => {
      // Again ends at once, and leaves nothing behind.
      trouble?.[Symbol.dispose]();
      process.exit(EXIT.failed);
    });
    reloading?.close();
    await node.stop();
    watching.stop();
    const isFine = trouble === null || report(terminal, trouble, seed);
    return isFine && failed === 0 ? EXIT.done : EXIT.failed;
  },
};

/** Of the flags alone: what the environment says is meant for nodes that are real. */
function optionsOf(given: Given, file: string | null): Partial<NodeOptions> {
  const told = new Map([
    ["listen", given.text("listen") ?? (given.has("once") ? "127.0.0.1:0" : "127.0.0.1:9000")],
    ["data", given.text("data") ?? MEMORY],
    ["threads", given.text("threads")],
    ["actions", file ?? undefined],
  ]);
  return readNodeFlags((name) => told.get(name), {});
}

function greet(terminal: Terminal, node: TandaNode, file: string | null, seed: number | null): void {
  const place = node.addresses.map(({ host, port }) => `${host}:${port}`).join(", ");
  if (terminal.isJson) return terminal.json({ type: "ready", listen: place, actions: file, seed });
  const what = file === null ? "the built-in actions" : file;
  terminal.say(`${terminal.style("bold", "tanda dev")}: ${what} on ${place}; Ctrl+C ends.`);
  if (seed !== null) terminal.say(`Trouble is made on purpose, by the seed ${seed}.`);
}

function followFile(file: string, node: TandaNode, show: Show): { close(): void } {
  const reload = (): void => {
    node.reload().then(
      () => show.log.info({ from: "dev" }, `${file} was loaded anew`),
      (error: Error) => show.log.error({}, `${error.message}; the old actions go on`),
    );
  };
  return watchImported(file, reload, (error) =>
    show.log.error({}, `not all files are watched: ${String(error)}`),
  );
}

/** What happens, as it happens. */
class Show {
  readonly story = new Story(Date.now);
  readonly log: NodeOptions["log"];
  /** Tasks that are over. */
  ended = 0;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    const note = (style: Style, text: string): void =>
      terminal.note(terminal.styleNote(style, text.trimEnd()));
    this.log = {
      debug() {},
      // What actions print outside of any task; the life of tasks is shown already.
      info: (facts, text) => "from" in facts && note("dim", text),
      warn: (facts, text) => !("task" in facts) && note("yellow", text),
      error: (facts, text) => note("red", "error" in facts ? `${text}: ${String(facts.error)}` : text),
    };
  }

  event(event: WatchEvent): void {
    if (event.type === "state" && isFinal(event.state)) this.ended++;
    this.line(this.story.ofEvent(event), event);
  }

  /** @param event what it tells of, for programs. */
  line(line: Line | null, event: object): void {
    if (this.#terminal.isJson) return this.#terminal.json(event);
    if (line === null) return;
    const time = this.#terminal.style("dim", new Date(line.at).toISOString().slice(11, 23));
    const task = this.#terminal.style("dim", shortId(line.task));
    const text = styled(this.#terminal, line.tone, line.text);
    this.#terminal.say(visibleLine(`${time}  ${task}  ${line.action}  ${text}`));
  }
}

/** @returns whether all is fine. */
function report(terminal: Terminal, { findings }: Trouble, seed: number): boolean {
  const actions = findings.report();
  const isFine = actions.every((action) => verdictOf(action) === "fine");
  if (terminal.isJson) {
    const judged = actions.map((action) => ({ ...action, verdict: verdictOf(action) }));
    terminal.json({ type: "report", seed, isFine, actions: judged });
    return isFine;
  }
  terminal.say("");
  const columns: [string, (action: ActionReport) => number][] = [
    ["TASKS", ({ tasks }) => tasks],
    ["RUNS", ({ runs }) => runs],
    ["REPEATS", ({ repeats }) => repeats],
    ["KILLED", ({ killed }) => killed],
    ["LOST ACKS", ({ lostAcknowledgements }) => lostAcknowledgements],
    ["ABORTED", ({ aborted }) => aborted],
    ["FAILED", ({ failed }) => failed],
  ];
  showTable(
    terminal,
    [
      { title: "ACTION", cell: ({ action }) => action },
      ...columns.map(([title, cell]) => ({ title, cell, isRight: true })),
    ],
    actions,
    "No task came, so nothing was tried.",
  );
  for (const action of actions) {
    terminal.say("");
    for (const { tone, text } of linesOf(action)) terminal.say(styled(terminal, tone, text));
  }
  terminal.say("");
  terminal.say(terminal.style("dim", `The same trouble again: --seed ${seed}`));
  return isFine;
}

function styled(terminal: Terminal, tone: keyof typeof STYLES, text: string): string {
  const style = STYLES[tone];
  return style === null ? text : terminal.style(style, text);
}

/** How it begins, and how it ends, which tells it from others of its millisecond. */
function shortId(task: string): string {
  return task.length < 24 ? task : `${task.slice(0, 18)}…${task.slice(-4)}`;
}
