/**
 * Five times what a node can do, by clients that come when they are told to and by others that do not; beside both, clients that ask
 * for little. Once with tasks that wait, so that the node's own turns are seen and not the fight for the processors, once with tasks
 * that compute. Who floods runs below all others' priority, so that who asks for little is late only where the node is.
 */
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { meanOf, type Figures, type Measure } from "../reach/measure.ts";
import { startNode } from "../reach/node.ts";
import { runClients } from "./clients.ts";
import { askHonestly, latencies, ratio } from "./honest.ts";
import type { LoadPlan, LoadReport } from "./load-plan.ts";
import { splitProcessors } from "./processors.ts";
import { withMemory } from "./watch-memory.ts";

const ACTIONS = fileURLToPath(new URL("../reach/actions.ts", import.meta.url));
const FLOODS = 50;
const TIMES = 5;
const NICE = 19;
const MAX_QUEUED = 2000;
/** What is compiled while it is measured says nothing of the node. */
const WARM_S = 4;

type Kind = { readonly flags: readonly string[]; readonly request: string };
const WAITING: Kind = {
  flags: ["--threads", "8", "--actions", ACTIONS],
  request: '"action":"plainNap","payload":10',
};
const COMPUTING: Kind = { flags: ["--actions", ACTIONS], request: '"action":"spin","payload":1' };

const goals = [
  {
    says: "p99 of who asks for little beside 5 × capacity, obedient, to unloaded",
    figure: "obedientRatio",
    atMost: 2,
  },
  { says: "… beside 5 × capacity, that insists", figure: "insistentRatio", atMost: 2 },
  { says: "done beside 5 × capacity, to capacity", figure: "goodput", atLeast: 0.9 },
  { says: "let in of those who came when they were told to", figure: "repeatsLetIn", atLeast: 0.9 },
  { says: "told times that were right within a factor of 2", figure: "timesRight", atLeast: 0.9 },
  { says: "memory at most, all processes, MiB", figure: "mostMiB", atMost: 900 },
  { says: "honest requests not answered", figure: "honestUnanswered", atMost: 0 },
] as const;

export const steady: Measure = {
  name: "STEADY",
  goals,
  run: ({ isQuick }, onProgress) => measure(WAITING, isQuick, onProgress),
};

export const processor: Measure = {
  name: "PROCESSOR",
  goals,
  run: ({ isQuick }, onProgress) => measure(COMPUTING, isQuick, onProgress),
};

async function measure(
  { flags, request }: Kind,
  isQuick: boolean,
  onProgress: (done: number, total: number) => void,
): Promise<Figures> {
  const seconds = isQuick ? 2 : 10;
  const processors = splitProcessors();
  await using node = await startNode({
    flags: [...flags, "--max-queued", String(MAX_QUEUED)],
    ...(processors === null ? {} : { processors: processors.node }),
  });
  const { port, pid } = node;
  const load = (
    plan: Pick<LoadPlan, "connections" | "perSecond" | "onBusy"> & Partial<LoadPlan>,
  ): Promise<LoadReport> =>
    runClients(
      { port, request, seconds: seconds + WARM_S, ...plan },
      { nice: NICE, processors: processors?.clients },
    );
  const honestly = (forSeconds: number): Promise<LoadReport> =>
    askHonestly(port, request, forSeconds, processors?.clients);
  await honestly(WARM_S);
  const alone = await honestly(seconds);
  onProgress(1, 4);
  const full = await load({ connections: 4, perSecond: 1e6, onBusy: "obey", unansweredEach: 450, seconds });
  const capacity = middleOf(full);
  onProgress(2, 4);
  const figures: Figures = { capacity, ...latencies("alone", alone) };
  const perSecond = capacity * TIMES;
  let mostMiB = 0;
  for (const [name, onBusy] of [
    ["obedient", "obey"],
    ["insistent", "insist"],
  ] as const) {
    const beside = async (): Promise<LoadReport> => {
      await delay(WARM_S * 1000);
      return honestly(seconds - 1);
    };
    const both = await withMemory(pid, () =>
      Promise.all([load({ connections: FLOODS, perSecond, onBusy }), beside()]),
    );
    const [flood, honest] = both.value;
    mostMiB = Math.max(mostMiB, both.mostMiB);
    Object.assign(figures, latencies(name, honest), {
      [`${name}Busy`]: flood.busy,
      [`${name}Done`]: doneWhileBoth(flood, honest, seconds - 1),
    });
    figures[`${name}Ratio`] = ratio(figures, name, "alone");
    if (onBusy === "obey")
      Object.assign(figures, timesOf(flood), { goodput: figures["obedientDone"]! / capacity });
    figures["honestUnanswered"] = (figures["honestUnanswered"] ?? 0) + figures[`${name}Unanswered`]!;
    onProgress(onBusy === "obey" ? 3 : 4, 4);
  }
  return { ...figures, mostMiB };
}

/** A second, without the first and the last. */
function middleOf({ letInBySecond }: LoadReport): number {
  const middle = letInBySecond.slice(1, -1);
  return middle.length > 0 ? meanOf(middle) : meanOf(letInBySecond);
}

/** A second, of all clients together, in the seconds in which all of them asked. */
function doneWhileBoth(flood: LoadReport, honest: LoadReport, seconds: number): number {
  return meanOf(flood.letInBySecond.slice(WARM_S, WARM_S + seconds)) + honest.letIn / seconds;
}

/** Where nobody was refused, nobody was told anything wrong. */
function timesOf({ repeats, repeatsLetIn, waits }: LoadReport): Figures {
  const right = waits.filter(({ toldMs, trueMs }) => trueMs <= 2 * toldMs + 20 && toldMs <= 2 * trueMs + 20);
  return {
    repeats,
    repeatsLetIn: repeats === 0 ? 1 : repeatsLetIn / repeats,
    timesRight: waits.length === 0 ? 1 : right.length / waits.length,
  };
}
