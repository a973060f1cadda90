/** What must hold of a history, whatever went wrong in it. Told from the changes of rows and from what was really executed. */
import { isFinal } from "../../src/task/state.ts";
import type { Task } from "../../src/task/task.ts";
import type { Change, Database, Found, Watching } from "./database.ts";
import type { Order } from "./customers.ts";
import { resultOf, type Execution } from "./threads.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A worker finds out that it lost a task when it renews its leases, and stops it then. */
const STOP_MS = 3000;
/** Where nothing keeps the word from it, a run that was cancelled elsewhere stops at once. */
const CANCEL_MS = 500;

/** Of what waits, the first is published again after this at the soonest, and each after twice the time of the one before. */
const AGAIN_MS = 1000;

/** The longest backoff of these actions with its jitter, and what its end was under way. */
const LONGEST_RETRY_MS = 4000 * 1.25 + 3000;

export class Rules implements Watching {
  readonly broken: string[] = [];
  readonly #time: VirtualTime;
  readonly #storeNow: () => number;
  /** When a row went on from an attempt, and nothing of it counts any more. */
  readonly #passedAt = new Map<string, number>();
  readonly #cancelledAt = new Map<string, number>();

  /** @param storeNow epoch milliseconds by the clock that counts: that of the store. */
  constructor(time: VirtualTime, storeNow: () => number) {
    this.#time = time;
    this.#storeNow = storeNow;
  }

  readonly complain = (text: string): void => {
    if (this.broken.length < 20) this.broken.push(`at ${Math.round(this.#time.now)} ms: ${text}`);
  };

  /** A backlog that waits long must not be published again and again: that would make it longer. */
  readonly found = ({ task: { id }, times, waitedMs }: Found): void => {
    if (times > 3 + Math.log2(1 + waitedMs / AGAIN_MS))
      this.complain(`${id} was published again ${times} times in ${Math.round(waitedMs)} ms`);
  };

  /** Each change of a row is one that the rules of attempts allow. */
  readonly changed = ({ event, before, after }: Change): void => {
    this.#time.tell(`row ${event.id}: ${event.type}, ${stateOf(before)} to ${stateOf(after)}`);
    if (before === null || after === null) return;
    const { id } = before;
    const tell = (text: string): void =>
      this.complain(
        `${text}: ${id} by ${event.type} from ${before.state} ${before.attempt} to ${after.state} ${after.attempt}`,
      );
    if (after.attempt < before.attempt) tell("an attempt was taken back");
    if (after.attempt > before.attempt + 2) tell("attempts were passed over");
    if (isFinal(before.state) && event.type !== "retry") tell("what was final was written again");
    if (event.type === "finish") {
      const isClaimed = before.state === "running" && before.attempt === event.attempt;
      const isRide = before.state === "queued" && before.attempt === event.attempt - 1;
      if (!isClaimed && !isRide) tell(`the end of attempt ${event.attempt} was written`);
    }
    if (event.type === "claim" && before.state !== "queued") tell("it was claimed twice");
    const waitsMs = (after.dueAt ?? 0) - this.#storeNow();
    if (after.state === "retrying" && event.type === "finish" && waitsMs > LONGEST_RETRY_MS)
      tell(`a retry was put off by ${Math.round(waitsMs)} ms`);
    if (after.state === "cancelled") this.#cancelledAt.set(id, this.#time.now);
    const isOver = after.state !== "running" || after.attempt !== before.attempt;
    if (before.state === "running" && isOver && event.type !== "finish")
      this.#passedAt.set(`${id} ${before.attempt}`, this.#time.now);
    if (before.state === "running" && event.type === "finish" && event.outcome.type === "died")
      this.#passedAt.set(`${id} ${before.attempt}`, this.#time.now);
  };

  /** When all faults are over and everything had its time. */
  end(about: {
    database: Database;
    orders: readonly Order[];
    executions: readonly Execution[];
    isAlone: boolean;
    healedAt: number;
    leaseMs: number;
    /** No process stood still or ended, and store and hints were well. */
    isCalm: boolean;
  }): void {
    this.#orders(about.orders, about.database);
    this.#rows(about.database, about.executions);
    if (about.isCalm) this.#calm(about.database, about.executions);
    if (!about.isAlone) this.#executions(about.executions, about.healedAt + about.leaseMs);
  }

  #orders(orders: readonly Order[], database: Database): void {
    const byPayload = new Map<string, string>();
    for (const order of orders) {
      if (order.outcome === "open")
        this.complain(`never answered: ${order.kind} of ${order.payload} ${order.task ?? ""}`);
      if (!order.isAccepted) continue;
      const row = database.rows.get(order.task!)?.task;
      if (row === undefined) this.complain(`accepted and lost: ${order.task}`);
      else if (row.payload !== order.payload) this.complain(`${order.task} is another's: ${row.payload}`);
      // Of one key all have one task.
      const known = byPayload.get(order.payload);
      if (known !== undefined && known !== order.task)
        this.complain(`one key, two tasks: ${known} and ${order.task}`);
      byPayload.set(order.payload, order.task!);
    }
  }

  #rows(database: Database, executions: readonly Execution[]): void {
    const complete = new Set<string>();
    for (const one of executions) if (one.isComplete) complete.add(`${one.task} ${one.attempt}`);
    const keys = new Set<string>();
    for (const { task } of database.rows.values()) {
      const { id, state, attempt, payload, result, policy, failures, losses, key } = task;
      if (!isFinal(state))
        this.complain(`never ended: ${id} is ${state} at attempt ${attempt}, of ${payload}`);
      if (state === "done" && !complete.has(`${id} ${attempt}`))
        this.complain(`done and never run: ${id} ${attempt}`);
      if (state === "done" && result !== resultOf(payload))
        this.complain(`${id} has another's result: ${result}`);
      if (failures > policy.attempts || losses > policy.losses)
        this.complain(`${id} was tried too often: ${failures} failures, ${losses} losses`);
      if (key !== null && keys.has(key)) this.complain(`two rows of the key ${key}`);
      if (key !== null) keys.add(key);
    }
  }

  /** Nobody healthy loses a task, and what is cancelled stops soon. */
  #calm(database: Database, executions: readonly Execution[]): void {
    for (const { task } of database.rows.values())
      if (task.history.some(({ message }) => message.includes("was lost while it ran")))
        this.complain(`${task.id} was taken from a worker that was well`);
    for (const { task, attempt, endedAt } of executions) {
      const cancelledAt = this.#cancelledAt.get(task);
      if (cancelledAt !== undefined && (endedAt ?? Infinity) > cancelledAt + CANCEL_MS)
        this.complain(`attempt ${attempt} of ${task} went on after it was cancelled`);
    }
  }

  /** An attempt after the first is claimed before it runs: by one, once. And who lost a claim stops. */
  #executions(executions: readonly Execution[], settledAt: number): void {
    const seen = new Set<string>();
    for (const { task, attempt, actor, endedAt } of executions) {
      const name = `${task} ${attempt}`;
      if (attempt > 1 && seen.has(name)) this.complain(`attempt ${attempt} of ${task} was run twice`);
      seen.add(name);
      const passedAt = this.#passedAt.get(name);
      if (passedAt === undefined || actor.isDead) continue;
      const latest = Math.max(passedAt, settledAt, actor.standsUntil) + STOP_MS;
      if ((endedAt ?? Infinity) > latest)
        this.complain(
          `attempt ${attempt} of ${task} went on after it was lost at ${Math.round(passedAt)} ms`,
        );
    }
  }
}

function stateOf(task: Task | null): string {
  return task === null ? "nothing" : `${task.state} ${task.attempt}`;
}
