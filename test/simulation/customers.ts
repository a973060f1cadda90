/** Programs that use Tanda, through the real client: they send, ask, cancel and retry, and hold what they are told against what they sent. */
import type { Caller, CallOptions } from "../../src/client/caller.ts";
import { createRemoteCaller } from "../../src/client/connect-options.ts";
import type { Transport } from "../../src/client/transport.ts";
import type { TaskView } from "../../src/protocol/messages.ts";
import { TandaError } from "../../src/task/errors.ts";
import { PRIORITIES } from "../../src/task/task.ts";
import { resultOf, type Work } from "./threads.ts";
import { Actor, type VirtualTime } from "./virtual-time.ts";

/** One wish of a customer, and what came of it. */
export type Order = {
  readonly payload: string;
  readonly kind: "run" | "submit";
  readonly isCancelled: boolean;
  readonly expires: boolean;
  readonly work: Work;
  /** Told by the node, or chosen by the client; null while neither. */
  task: string | null;
  /** The node said that it keeps it. */
  isAccepted: boolean;
  isRetriedByHand: boolean;
  outcome: "open" | "done" | "failed";
  code: string | null;
};

/** What a customer was told and may not have been. */
export type Complaint = (text: string) => void;

export type CustomerOptions = {
  time: VirtualTime;
  number: number;
  transports: (client: Actor) => readonly Transport[];
  orders: Order[];
  complain: Complaint;
  /** Known to all: two may send the same under one key. */
  keys: number;
};

const QUICK_MS = 5;

export class Customer {
  readonly actor: Actor;
  readonly #options: CustomerOptions;
  readonly #caller: Caller;
  #count = 0;
  #asking: Promise<unknown> = Promise.resolve();

  constructor(options: CustomerOptions) {
    this.#options = options;
    this.actor = new Actor(`customer ${options.number}`);
    const platform = { soon: setImmediate, canUploadStreams: true };
    this.#caller = options.time.as(this.actor, () =>
      createRemoteCaller([], options.transports(this.actor), platform, { reconnectFor: "1h" }),
    );
  }

  /** Sends one, now. */
  order(): void {
    this.#options.time.as(this.actor, () => this.#order());
  }

  #order(): void {
    const { time, number, orders, keys } = this.#options;
    const x = time.chance();
    const isKeyed = time.chance() < 0.1;
    // Of one key all send the same.
    const n = isKeyed ? 1_000_000 + Math.floor(time.chance() * keys) : number * 1000 + ++this.#count;
    const work: Work = isKeyed ? { n, ms: 20, failures: 0 } : this.#work(n);
    const action =
      work.ms > 1000
        ? "slow"
        : work.failures > 1
          ? "patient"
          : isKeyed
            ? "quick"
            : time.pick(["quick", "quick", "other"]);
    const options: CallOptions = {};
    if (isKeyed) options.key = `key ${n}`;
    if (time.chance() < 0.2) options.priority = time.pick(PRIORITIES);
    if (!isKeyed && time.chance() < 0.1) options.delay = Math.ceil(time.between(10, 5000));
    const expires = !isKeyed && time.chance() < 0.08;
    if (expires) options.expires = Math.ceil(time.between(5, 3000));
    const order: Order = {
      payload: JSON.stringify(work),
      kind: x < 0.5 ? "run" : "submit",
      isCancelled: !isKeyed && time.chance() < 0.08,
      expires,
      work,
      task: null,
      isAccepted: false,
      isRetriedByHand: false,
      outcome: "open",
      code: null,
    };
    orders.push(order);
    time.tell(
      `customer ${number} asks to ${order.kind} ${action} ${order.payload} ${JSON.stringify(options)}`,
    );
    void (order.kind === "run" ? this.#run(order, action, options) : this.#submit(order, action, options));
  }

  #work(n: number): Work {
    const { time } = this.#options;
    const x = time.chance();
    if (x < 0.02) return { n, ms: 30, failures: 0, isPoison: true };
    const ms =
      x < 0.7 ? time.between(0.5, QUICK_MS) : x < 0.93 ? time.between(10, 800) : time.between(1500, 20_000);
    const failures = time.chance() < 0.85 ? 0 : 1 + Math.floor(time.chance() * 3);
    return { n, ms: Math.round(ms * 10) / 10, failures };
  }

  async #run(order: Order, action: string, options: CallOptions): Promise<void> {
    try {
      this.#done(order, await this.#caller.run(action, order.work, options));
    } catch (error) {
      this.#failed(order, error);
    }
  }

  async #submit(order: Order, action: string, options: CallOptions): Promise<void> {
    try {
      const { task } = await this.#caller.submit(action, order.work, options);
      order.task = task;
      order.isAccepted = true;
      if (order.isCancelled) this.#cancelLater(task);
    } catch (error) {
      return this.#failed(order, error);
    }
    await this.#await(order, order.task);
    // A person looks at what failed, and has it run again.
    if (order.code !== "task_error" || this.#options.time.chance() < 0.5) return;
    order.isRetriedByHand = true;
    order.outcome = "open";
    order.code = null;
    try {
      await this.#caller.ask("retry", { task: order.task });
    } catch (error) {
      // It is not asked again: it may have been done.
      if (!isPassing(error)) this.#options.complain(`retry of ${order.task}: ${String(error)}`);
    }
    await this.#await(order, order.task);
  }

  async #await(order: Order, task: string): Promise<void> {
    try {
      this.#done(order, await this.#caller.ask("wait", { task }));
    } catch (error) {
      this.#failed(order, error);
    }
  }

  #cancelLater(task: string): void {
    const { time } = this.#options;
    setTimeout(
      () => {
        this.#caller.ask("cancel", { task }).catch((error: unknown) => {
          if (!(error instanceof TandaError && error.code === "conflict") && !isPassing(error))
            this.#options.complain(`cancel of ${task}: ${String(error)}`);
        });
      },
      time.between(1, 2000),
    );
  }

  #done(order: Order, result: unknown): void {
    const { complain } = this.#options;
    order.outcome = "done";
    if (JSON.stringify(result) !== resultOf(order.payload))
      complain(`${order.payload} was answered ${JSON.stringify(result)}`);
    if (order.work.isPoison) complain(`${order.payload} ends its process always, and was done`);
  }

  #failed(order: Order, error: unknown): void {
    order.outcome = "failed";
    order.code = error instanceof TandaError ? error.code : "thrown";
    if (!this.#mayFail(order)) this.#options.complain(`${order.payload} failed: ${String(error)}`);
  }

  /** Some fail as they are to. */
  #mayFail(order: Order): boolean {
    switch (order.code) {
      case "cancelled":
        return order.isCancelled;
      case "expired":
        return order.expires;
      case "task_error":
        return order.work.failures > 0;
      // Whose process died too often, its own fault or not, is given up.
      case "crashed":
      case "lost":
        return true;
      default:
        return false;
    }
  }

  /** As a list tells it. */
  get(task: string): Promise<TaskView> {
    return this.#options.time.as(this.actor, () => this.#caller.ask("get", { task }) as Promise<TaskView>);
  }

  ask(
    op: "pause" | "resume" | "drain_worker" | "resume_worker",
    about: { queue?: string; worker?: string },
  ): void {
    // One after another: what is refused for a moment is asked again, and may be overtaken meanwhile.
    const next = (): Promise<unknown> => this.#caller.ask(op, about).catch(() => {});
    this.#options.time.as(this.actor, () => {
      this.#asking = this.#asking.then(next);
    });
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof TandaError && (error.code === "unavailable" || error.code === "busy");
}
