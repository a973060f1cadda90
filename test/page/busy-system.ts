/** A real node with work to do and faults injected: what the page is looked at with. */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect } from "../../src/client/client.ts";
import type { Client, InputOf } from "../../src/client/typed.ts";
import { startNodeProcess, type NodeProcess } from "../e2e/node-process.ts";
import type actions from "./fixtures/actions.ts";
import { until } from "../until.ts";

const ACTIONS = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));
/** Between two tasks: some thirty a second, which one thread does. */
const STEP_MS = 30;

export type Shop = Client<typeof actions>;

export const anOrder: InputOf<(typeof actions)["order"]> = {
  customer: "Ana",
  size: "small",
  amount: 2,
  gift: false,
  tags: ["new"],
  address: { street: "Calle Mayor 1", city: "León" },
};

/** Ids of tasks, by what became of them. */
export type Known = Readonly<
  Record<
    "done" | "failed" | "retried" | "large" | "picture" | "cancelled" | "expired" | "waiting" | "lost",
    string
  >
>;

export class BusySystem implements AsyncDisposable {
  readonly node: NodeProcess;
  readonly client: Shop;
  readonly known: Known;
  #isOver = false;
  #load: Promise<void> = Promise.resolve();

  private constructor(node: NodeProcess, client: Shop, known: Known) {
    this.node = node;
    this.client = client;
    this.known = known;
  }

  /** @param isLoaded false: what is known is there, and then nothing more happens. */
  static async start({ isLoaded = true } = {}): Promise<BusySystem> {
    const node = await startShop();
    const client = connect<typeof actions>(`tanda://127.0.0.1:${node.port}`);
    try {
      const busy = new BusySystem(node, client, await prepare(client));
      if (isLoaded) busy.#load = busy.#work();
      return busy;
    } catch (error) {
      await client.$.close({ now: true });
      await node[Symbol.asyncDispose]();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.node.port}`;
  }

  /** What its HTTP says, without the client that the page has too. */
  async http<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}${path}`);
    return (await answer.json()) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#load;
    await this.client.$.close({ now: true });
    await this.node[Symbol.asyncDispose]();
  }

  async #work(): Promise<void> {
    const { client } = this;
    for (let n = 0; !this.#isOver; n++) {
      const soon = [client.order.submit({ ...anOrder, amount: 1 + (n % 90) })];
      if (n % 4 === 0) soon.push(client.upper.submit(`word ${n}`) as never);
      if (n % 9 === 0) soon.push(client.mail.submit({ to: n }) as never);
      if (n % 12 === 0) soon.push(client.charge.submit({ n: n / 12 }) as never);
      if (n % 60 === 0) soon.push(client.import.submit({ file: `stock-${n}.csv` }) as never);
      if (n % 200 === 0) soon.push(client.report.submit({ steps: 20, stepMs: 250 }) as never);
      // A node that is killed meanwhile is the test's affair.
      await Promise.allSettled(soon);
      await delay(STEP_MS);
    }
  }
}

export function startShop(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<NodeProcess> {
  return startNodeProcess(["--actions", ACTIONS, "--threads", "2", ...flags], env);
}

/** One of each, and what went wrong. */
async function prepare(client: Shop): Promise<Known> {
  const { $ } = client;
  await $.pause("newsletter");
  // What a queue has been paused for longer than is refused at the door.
  const expired = await client.newsletter.submit({ number: 1 }, { expires: "2s" });
  // Its row tells that it runs after a second or so: on a machine that is busy it must not have ended by then.
  const lost = await client.report.submit({ steps: 4, stepMs: 1000 });
  await until(async () => (await lost.get()).state === "running");
  await killPool(client);
  const [done, retried, large, picture, cancelled, waiting] = await Promise.all([
    client.order.submit(anOrder, { key: "order-1" }),
    client.import.submit({ file: "prices.csv" }),
    client.export.submit({ rows: 40_000 }),
    client.chart.submit(null),
    client.order.submit(anOrder, { delay: "1h" }),
    client.newsletter.submit({ number: 2 }),
  ]);
  const failed = await Promise.all(Array.from({ length: 12 }, (_, n) => client.charge.submit({ n })));
  await cancelled.cancel();
  const ended = [done, retried, large, picture, expired, ...failed].map((handle) => handle.wait());
  await Promise.all(ended);
  return {
    done: done.task,
    failed: failed[0]!.task,
    retried: retried.task,
    large: large.task,
    picture: picture.task,
    cancelled: cancelled.task,
    expired: expired.task,
    waiting: waiting.task,
    lost: lost.task,
  };
}

/** The process that runs tasks dies, and another comes. */
export async function killPool({ $ }: Shop): Promise<void> {
  const [worker] = await $.workers();
  process.kill(worker!.pid, "SIGKILL");
  await until(async () => {
    const [now] = await $.workers();
    return now !== undefined && now.pid !== worker!.pid && now.state === "running";
  });
}
