/** Tanda beside its peers, each doing the same work in the same run: `npm run bench -- peers [W1 "W2 bullmq" …]`. */
import { spawnSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { installPrograms, needs } from "../../scripts/system-programs.ts";
import { startEchoServer } from "../echo-server.ts";
import { endedOnInterruption } from "../interruption.ts";
import { runPeer } from "../peer-process.ts";
import { installPeers, versionOfPeer } from "../peers-package.ts";
import { besidePlainLoops } from "../plain-loops.ts";
import type { LeftOut, Measure, Suite } from "../suite.ts";
import { QUICK, w1, w2, w3, w4, type Options, type Progress, type Workload } from "../workloads.ts";
import { draw } from "./chart.ts";
import { goals } from "./goals.ts";
import { services, type Service } from "./services.ts";
import { systems, type Peer, type System } from "./systems.ts";
import { show } from "./table.ts";

const WORKLOADS: readonly Workload[] = ["W1", "W2", "W3", "W4"];
const REST_MS = 1000;
/** Of W3, for everybody: so many threads, processes or sandboxes. */
const LANES = 2;
type Figures = Readonly<Record<string, number>>;
type Planned = { readonly name: string; readonly system: System; readonly workload: Workload };

const planned: readonly Planned[] = WORKLOADS.flatMap((workload) =>
  systems
    .filter(({ counts }) => counts[workload] !== undefined)
    .map((system) => ({ name: `${workload} ${system.id}`, system, workload })),
);

export const peers: Suite = {
  names: planned.map(({ name }) => name),
  goals,
  async open(names, { isQuick }) {
    const wanted = planned.filter(({ name }) => names.includes(name));
    const whyNot = obtain(wanted.map(({ system }) => system));
    const leftOut: LeftOut[] = [];
    const measures: Measure[] = [];
    const versions: Record<string, string> = { SQLite: process.versions.sqlite! };
    for (const { name, system, workload } of wanted) {
      const why = whyNot(system);
      const count = isQuick ? QUICK[workload] : system.counts[workload]!;
      if (why !== null) leftOut.push({ name, why });
      else {
        const run = async (onProgress: Progress): Promise<Figures> => {
          await rest();
          return work(system, workload, count, onProgress, versions);
        };
        measures.push({
          name,
          run: async (onProgress) => ({
            workload: name,
            figures: { tasks: count, ...(await run(onProgress)) },
          }),
        });
      }
    }
    return { measures, leftOut, versions: () => versions, async [Symbol.asyncDispose]() {} };
  },
  show,
  draw,
};

/** Gets what is missing, as root on Debian and from npm. @returns why a system cannot be measured, null when it can. */
function obtain(wanted: readonly System[]): (system: System) => string | null {
  const others = wanted.map(({ by }) => by).filter((by) => typeof by === "object");
  const programOf = ({ service }: Peer): string | null => (service ? services[service].program : null);
  installPrograms([...new Set(others.map(programOf).filter((name) => name !== null))]);
  const noPeers = others.some(({ npm }) => npm !== null) ? installPeers() : null;
  return ({ by }) => {
    if (typeof by === "string") return null;
    const program = programOf(by);
    const skip = program === null ? false : needs(program).skip;
    return skip || (by.npm === null ? null : noPeers);
  };
}

/** What the one before left to be written is written: it is nobody else's to pay. */
async function rest(): Promise<void> {
  spawnSync("sync");
  await delay(REST_MS);
}

async function work(
  system: System,
  workload: Workload,
  count: number,
  onProgress: Progress,
  versions: Record<string, string>,
): Promise<Figures> {
  const { by, connections = 1 } = system;
  if (typeof by === "string") {
    const options: Options = by === "echo" ? { start: startEchoServer } : {};
    const run = {
      W1: () => w1(count, onProgress, { ...options, connections }),
      W2: () => w2(count, onProgress, options),
      W3: () => w3(count, onProgress, { ...options, threads: LANES }),
      W4: () => w4(count, onProgress, { ...options, connections }),
    }[workload];
    return (await run()).figures;
  }
  if (by.npm !== null) versions[by.npm] = versionOfPeer(by.npm);
  if (by.service === undefined) return measured(by, "", workload, count);
  const { title, start }: Service = services[by.service];
  await using service = await endedOnInterruption(start());
  if (service.version) versions[title] ??= await service.version();
  return await measured(by, service.where, workload, count);
}

/** Its seconds of W3 are set beside the same work in plain loops here, as ours are. */
async function measured({ file }: Peer, where: string, workload: Workload, count: number): Promise<Figures> {
  if (workload !== "W3") return runPeer(file, where, workload, count);
  return besidePlainLoops(count, LANES, async () => {
    const { seconds } = await runPeer(file, where, workload, count);
    return seconds!;
  });
}
