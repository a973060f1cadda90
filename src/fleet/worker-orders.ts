/**
 * One worker is to take nothing new, or to go on. It is said to all, since nobody knows where who has it hears; whoever has it obeys and
 * beats at once, and who asked sees it there. A hint may be lost: it is said again until the worker shows that it obeyed.
 */
import type { Hint } from "../bus/bus.ts";
import { noSuchWorker } from "../engine/parts.ts";
import type { WorkerView } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import type { WorkerFace } from "../worker/worker-face.ts";
import type { NodeInfo, Presence } from "./presence.ts";
import { sayUntilShown, WITHIN_S } from "./say-until-shown.ts";

export type Order = "drain" | "resume";

export type WorkerOrdersOptions = {
  /** This process's own, if it has one. */
  own: { readonly name: string; readonly worker: WorkerFace };
  presence: Pick<Presence, "look">;
  /** To all others. */
  tell: (hint: Hint) => void;
  /** Shows the others how it is now. */
  beat: () => Promise<void>;
  onError: (error: unknown) => void;
};

export class WorkerOrders {
  readonly #options: WorkerOrdersOptions;

  constructor(options: WorkerOrdersOptions) {
    this.#options = options;
  }

  /** To the worker of another process. @throws not_found; unavailable when it does not show in time that it obeyed. */
  async give(order: Order, worker: string): Promise<WorkerView> {
    const { presence, tell } = this.#options;
    const look = async (): Promise<WorkerView> => {
      const found = find(await presence.look(), worker);
      if (found === null) throw noSuchWorker(worker);
      return found;
    };
    const isObeyed = ({ state }: WorkerView): boolean => (state === "draining") === (order === "drain");
    const { seen, isShown } = await sayUntilShown(
      () => tell({ type: "worker", worker, order }),
      look,
      isObeyed,
    );
    if (!isShown) throw notObeyed(order, worker);
    return seen;
  }

  /** @returns whether it was one of ours. */
  hear(hint: Hint): boolean {
    if (hint.type !== "worker") return false;
    const { own, beat, onError } = this.#options;
    const { worker, order } = hint as Partial<{ worker: string; order: string }>;
    if (worker !== own.name || (order !== "drain" && order !== "resume")) return true;
    own.worker[order]();
    beat().catch(onError);
    return true;
  }
}

/** Of two lives of one number the later: the one before shows for a while after its end. */
function find(nodes: readonly NodeInfo[], worker: string): WorkerView | null {
  const lives = nodes
    .filter(({ node }) => `${node.node}` === worker)
    .flatMap(({ workers }) => workers.filter((view) => view.worker === worker))
    .sort((a, b) => b.startedAt - a.startedAt);
  return lives[0] ?? null;
}

function notObeyed(order: Order, worker: string): TandaError {
  const what = order === "drain" ? "drains" : "takes tasks again";
  return new TandaError(
    "unavailable",
    `Worker ${worker} did not tell within ${WITHIN_S} s that it ${what}.`,
    {
      hint: "It may do so yet, or be stopping, hung or of a version that cannot: `tanda workers` shows what it tells. Say it again.",
      retryAfterMs: 1000,
    },
  );
}
