import type { CallOptions } from "../../client/caller.ts";
import { Fifo } from "../../client/fifo.ts";
import type { Client } from "../../client/typed.ts";
import { inlinePayload, takesText } from "../../protocol/inline.ts";
import type { ActionView } from "../../protocol/messages.ts";
import { TandaError } from "../../task/errors.ts";
import { EXIT, exitCodeOf } from "../exit-code.ts";
import { openProgress, type Progress } from "../progress.ts";
import { readLines } from "../read-lines.ts";
import { suggest } from "../suggest.ts";
import { TASK_FLAGS, taskOptions } from "../task-flags.ts";
import type { Terminal } from "../terminal.ts";
import type { Verb } from "../verb.ts";

const WINDOW = 1000;
const WRITE_AT = 64 * 1024;
const MOST_TOLD = 20;

export const verb: Verb = {
  name: "map",
  summary: "Runs a task for each line of standard input; results come out in the same order.",
  usage: ["map ACTION [FLAGS] < LINES"],
  examples: [
    {
      command: "tanda map upper < names.txt > loud.txt",
      says: "each line is a payload; each result is a line",
    },
    {
      command: "seq 20 30 | tanda map fib",
      says: "a line that parses as JSON is JSON, unless the action takes text",
    },
    {
      command: "seq 20 30 | tanda map fib --json-lines | jq .result",
      says: "line number, status and result or error of each, as JSON",
    },
  ],
  notes: [
    "A line that failed comes out empty, so that lines keep their places; what was wrong is on standard error, and the exit code is 1.",
  ],
  flags: {
    ...TASK_FLAGS,
    window: { value: "N", says: `how many are under way at once (${WINDOW})` },
    "json-lines": { says: 'write {"line":1,"status":"done","result":…} for each' },
  },
  words: { min: 1, max: 1 },
  async run({ words, given, terminal, connect }) {
    const client = await connect();
    const action = words[0]!;
    const actions = await client.$.actions();
    const known = actions.find((one) => one.action === action);
    if (known === undefined) throw unknownAction(action, actions);
    const mapping = new Mapping(client, action, taskOptions(given), terminal, {
      window: given.count("window", 1) ?? WINDOW,
      takesText: takesText(known.input),
      isJson: terminal.isJson || given.has("json-lines"),
      // On the same screen the results are progress enough.
      progress: terminal.stdout.isTTY ? null : await openProgress(terminal, null),
    });
    return mapping.run();
  },
};

/** Before a line is read: it would be the same for each. */
function unknownAction(action: string, actions: readonly ActionView[]): TandaError {
  const meant = suggest(
    action,
    actions.map((one) => one.action),
  );
  return new TandaError("unknown_action", `There is no action ${JSON.stringify(action.slice(0, 100))}.`, {
    hint: meant === null ? "`tanda actions` lists what there is." : `Did you mean ${JSON.stringify(meant)}?`,
  });
}

type Rules = {
  readonly window: number;
  readonly takesText: boolean;
  readonly isJson: boolean;
  readonly progress: Progress | null;
};
type Ended = { readonly result: unknown } | { readonly error: TandaError };
type Entry = { readonly ended: Promise<Ended>; isOver: boolean };

/** At most `window` lines are in memory: those under way, and those that wait for one before them. */
class Mapping {
  readonly #client: Client;
  readonly #action: string;
  readonly #options: CallOptions;
  readonly #terminal: Terminal;
  readonly #rules: Rules;
  readonly #underWay = new Fifo<Entry>();
  readonly #room = new Signal();
  readonly #work = new Signal();
  #isAllRead = false;
  #read = 0;
  #written = 0;
  #failed = 0;
  #out = "";

  constructor(client: Client, action: string, options: CallOptions, terminal: Terminal, rules: Rules) {
    this.#client = client;
    this.#action = action;
    this.#options = options;
    this.#terminal = terminal;
    this.#rules = rules;
  }

  async run(): Promise<number> {
    try {
      await Promise.all([this.#readAll(), this.#writeAll()]);
    } finally {
      this.#rules.progress?.stop();
      // After a fault it may still be open, and would keep this process.
      this.#terminal.stdin.destroy();
    }
    if (this.#failed > MOST_TOLD) this.#terminal.note(`… ${this.#failed} lines failed in all`);
    return this.#failed > 0 ? EXIT.failed : EXIT.done;
  }

  async #readAll(): Promise<void> {
    for await (const lines of readLines(this.#terminal.stdin)) {
      for (const line of lines) {
        while (this.#read - this.#written >= this.#rules.window) await this.#room.wait();
        this.#read++;
        this.#underWay.push(this.#start(line));
        this.#work.wake();
      }
    }
    this.#isAllRead = true;
    this.#work.wake();
  }

  /** One after another in the order of the lines; what is ready goes out before it waits. */
  async #writeAll(): Promise<void> {
    for (;;) {
      const head = this.#underWay.shift();
      if (head !== undefined) {
        if (!head.isOver) await this.#flush();
        this.#show(await head.ended);
        this.#room.wake();
        if (this.#out.length >= WRITE_AT) await this.#flush();
        continue;
      }
      await this.#flush();
      if (this.#isAllRead) return;
      await this.#work.wait();
    }
  }

  #start(line: string): Entry {
    const ended = this.#run(line).then(
      (result): Ended => ({ result }),
      (thrown: unknown): Ended => {
        // A task of its own may fail; without a node, or not let in, there is no going on.
        if (thrown instanceof TandaError && exitCodeOf(thrown) !== EXIT.unreachable) return { error: thrown };
        throw thrown;
      },
    );
    const entry: Entry = { ended, isOver: false };
    const over = (): void => {
      entry.isOver = true;
    };
    // Also keeps a fault from ending the process before its turn to be told has come.
    ended.then(over, over);
    return entry;
  }

  /** Rejects, and does not throw, for a line that can be no payload. */
  async #run(line: string): Promise<unknown> {
    const payload = JSON.parse(inlinePayload(line, this.#rules.takesText)) as unknown;
    return this.#client.$.run(this.#action, payload, this.#options);
  }

  #show(ended: Ended): void {
    const line = ++this.#written;
    const { isJson, progress } = this.#rules;
    if ("error" in ended) {
      this.#failed++;
      if (!isJson && this.#failed <= MOST_TOLD) {
        this.#terminal.note(`line ${line}: ${ended.error.code}: ${ended.error.message}`);
      }
      this.#out += isJson
        ? `${JSON.stringify({ line, status: "failed", error: ended.error.toBody() })}\n`
        : "\n";
    } else {
      this.#out += isJson
        ? `${JSON.stringify({ line, status: "done", result: ended.result })}\n`
        : `${oneLine(ended.result)}\n`;
    }
    progress?.update(line, this.#failed);
  }

  async #flush(): Promise<void> {
    if (this.#out === "") return;
    this.#terminal.result(this.#out);
    this.#out = "";
    await this.#terminal.drained();
  }
}

/** A text as it stands, unless it has line breaks: then, like anything else, as JSON. */
function oneLine(value: unknown): string {
  return typeof value === "string" && !/[\r\n]/.test(value) ? value : JSON.stringify(value);
}

/** Lets one wait for another. */
class Signal {
  #wake: (() => void) | null = null;

  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  wake(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
