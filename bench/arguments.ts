/** What the command line asks for. */
import { parseArgs } from "node:util";
import { namesOf, type Size, type Suite } from "./suite.ts";

export const USAGE = `npm run bench [-- W1 W2 W3 W4] [--rounds 3]                  a node alone
npm run bench -- PAGE [--rounds 3]                           what it costs a node that its page is open
npm run bench -- distributed [W1 "W4 tanda" …] [--rounds 3]  the whole drawing, beside its peers
npm run bench -- peers [W1 "W2 bullmq" …] [--rounds 3]       a node beside BullMQ, pg-boss, RabbitMQ and others
npm run bench -- profile [--rounds 3]                        where the time of a task goes: a node's threads, sampled
npm run bench -- reach [SDK HTTP …] [--rounds 3]             every other promise, each with its goal
npm run bench -- overload [STEADY …] [--rounds 3]            a node that is sent more than it can do

--quick           a few tasks of each: to see that it works
--tasks 400000    of profile: so many
--connections 4   of profile: over so many
--markdown        the tables as Markdown
--results FOLDER  where all figures go, and the chart, where there is one (bench/results)
--chart FILE      the chart here too
--from FILE       shows a run that was kept, and measures nothing`;

export type Plan = {
  readonly suite: string;
  readonly names: readonly string[];
  readonly rounds: number;
  readonly size: Size;
  readonly isMarkdown: boolean;
  readonly results: string | null;
  readonly chart: string | null;
  readonly from: string | null;
};

/** @returns what to do; "help", or what is wrong. */
export function readArguments(
  args: readonly string[],
  suites: ReadonlyMap<string, Suite>,
  usual: string,
): Plan | "help" | { readonly wrong: string } {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: "3" },
        quick: { type: "boolean", default: false },
        tasks: { type: "string" },
        connections: { type: "string" },
        markdown: { type: "boolean", default: false },
        results: { type: "string" },
        chart: { type: "string" },
        from: { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return "help";
  for (const name of ["rounds", "tasks", "connections"] as const) {
    const given = values[name];
    if (given !== undefined && !(Number.isInteger(Number(given)) && Number(given) >= 1))
      return { wrong: `--${name} takes a whole number` };
  }
  const first = positionals[0]?.toLowerCase() ?? "";
  const [name, words] = suites.has(first) ? [first, positionals.slice(1)] : [usual, positionals];
  const suite = suites.get(name)!;
  const { tasks, connections } = values;
  if (suite.isSized === undefined && (tasks !== undefined || connections !== undefined))
    return { wrong: `--tasks and --connections are not for ${name}` };
  const unknown = words.find((word) => namesOf(suite, word) === undefined);
  if (unknown !== undefined) return { wrong: `There is no ${unknown}; there are ${suite.names.join(", ")}.` };
  return {
    suite: name,
    names:
      words.length > 0
        ? [...new Set(words.flatMap((word) => namesOf(suite, word)!))]
        : suite.names.filter((one) => !suite.unusual?.includes(one)),
    rounds: Number(values.rounds),
    size: {
      isQuick: values.quick,
      ...(tasks !== undefined && { tasks: Number(tasks) }),
      ...(connections !== undefined && { connections: Number(connections) }),
    },
    isMarkdown: values.markdown,
    results: values.results ?? null,
    chart: values.chart ?? null,
    from: values.from ?? null,
  };
}
