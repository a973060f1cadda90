import { EXIT } from "../exit-code.ts";
import { suggest } from "../suggest.ts";
import { UsageError, type Verb } from "../verb.ts";
import { showWorkers } from "../worker-view.ts";

const WORDS = ["drain", "resume"] as const;

export const verb: Verb = {
  name: "workers",
  summary: "Lists the workers, their threads and what those run now; drains one, or has it go on.",
  usage: ["workers", "workers drain|resume WORKER"],
  examples: [
    { command: "tanda workers", says: "a line for each thread" },
    { command: "tanda workers drain 3", says: "worker 3 takes nothing new, and ends what it runs" },
    { command: "tanda workers resume 3", says: "it takes tasks again" },
  ],
  notes: [
    "A drained worker stays so until it is resumed or its process ends: it begins anew as any other. When all its threads are idle nothing of it runs.",
  ],
  flags: {},
  words: { min: 0, max: 2 },
  async run({ words, terminal, connect }) {
    const [word, worker] = words;
    const order = WORDS.find((one) => one === word);
    if (word !== undefined && order === undefined) {
      const meant = suggest(word, WORDS);
      throw new UsageError(
        `unknown: workers ${word}${meant === null ? "" : `; did you mean workers ${meant}?`}`,
      );
    }
    if (order !== undefined && worker === undefined)
      throw new UsageError(`which worker? tanda workers ${order} WORKER`);
    const { $ } = await connect();
    if (order === undefined) {
      const workers = await $.workers();
      if (terminal.isJson) terminal.json(workers);
      else showWorkers(workers, terminal);
      return EXIT.done;
    }
    const view = order === "drain" ? await $.drainWorker(worker!) : await $.resumeWorker(worker!);
    if (terminal.isJson) terminal.json(view);
    else showWorkers([view], terminal);
    return EXIT.done;
  },
};
