/** Who lives: each process says again and again that it does, and what others should know of it. */
import type { Catalogue } from "../engine/catalogue.ts";
import type { NodeView, QueueView, StatsView, WorkerView } from "../protocol/messages.ts";
import type { ActionRates, QueueRates } from "../protocol/rates.ts";
import type { PresentNode, SharedStore } from "../store/shared-store.ts";
import { MAX_NODE_TAG } from "../task/id.ts";

/** For so long one that died is shown as alive. */
export const TTL_MS = 5000;
const VERSION = 1;

export type Rates = Pick<
  StatsView,
  "perSecond" | "startDelayMs" | "runMs" | "inFlight" | "inFlightBytes" | "connections" | "threads"
>;

/** What a process tells of itself. */
export type NodeInfo = {
  readonly v: number;
  readonly node: NodeView;
  readonly workers: readonly WorkerView[];
  readonly rates: Rates | null;
  readonly actions: readonly string[];
  /** Mean run times, milliseconds. */
  readonly means: Readonly<Record<string, number>>;
  /** Older versions tell nothing of these: modes of queues that are not open, and what queues and actions did lately. */
  readonly modes?: Readonly<Record<string, QueueView["mode"]>>;
  readonly queueRates?: readonly QueueRates[];
  readonly actionRates?: readonly ActionRates[];
};

/** Takes the lowest number that no other process has, and tells the others at once. */
export async function takeNumber(
  store: SharedStore,
  name: string,
  describe: (node: number) => NodeInfo,
): Promise<number> {
  let number = 1;
  await store.enter(
    name,
    (present) => {
      const taken = new Set(othersAmong(present, name).map(({ node }) => node.node));
      for (number = 1; taken.has(number) && number < MAX_NODE_TAG;) number++;
      return describe(number);
    },
    TTL_MS,
  );
  return number;
}

export class Presence {
  others: readonly NodeInfo[] = [];
  readonly #store: SharedStore;
  readonly #name: string;
  readonly #catalogue: Catalogue;

  constructor(store: SharedStore, name: string, catalogue: Catalogue) {
    this.#store = store;
    this.#name = name;
    this.#catalogue = catalogue;
  }

  async beat(info: Omit<NodeInfo, "v">): Promise<void> {
    await this.#store.beat(this.#name, { ...info, v: VERSION }, TTL_MS);
    await this.look();
  }

  async look(): Promise<readonly NodeInfo[]> {
    this.others = othersAmong(await this.#store.nodes(), this.#name);
    this.#catalogue.serveElsewhere(new Set(this.others.flatMap(({ actions }) => actions)));
    return this.others;
  }

  leave(): Promise<void> {
    return this.#store.leave(this.#name);
  }

  meanMs(action: string): number | null {
    const means = this.others.flatMap(({ means: told }) => told[action] ?? []);
    return means.length === 0 ? null : means.reduce((sum, mean) => sum + mean, 0) / means.length;
  }
}

function othersAmong(nodes: readonly PresentNode[], name: string): NodeInfo[] {
  return nodes.flatMap(({ node, info }) => (node !== name && isInfo(info) ? [info] : []));
}

/** Of another version nothing is guessed. */
function isInfo(info: unknown): info is NodeInfo {
  return typeof info === "object" && info !== null && (info as Partial<NodeInfo>).v === VERSION;
}
