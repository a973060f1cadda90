/**
 * Gathers calls into transactions: what arrives while one is under way is the next. A few transactions may be under way at once,
 * yet never two with the same task or key, so calls about one task are obeyed in the order in which they came.
 */
import type { TaskEvent } from "../task/decide.ts";
import { applyAlone, applyTogether, type Answers } from "./postgres-apply.ts";
import { CountChanges } from "./postgres-counts.ts";
import {
  isPartitionMissing,
  isPassing,
  isSaidByServer,
  toStoreError,
  unavailable,
} from "../postgres/errors.ts";
import { checkId } from "./postgres-id.ts";
import type { Lease } from "./postgres-leases.ts";
import type { PostgresPartitions } from "./postgres-partitions.ts";
import type { Connection, PostgresPool } from "../postgres/pool.ts";
import type { Applied } from "./store.ts";

/** Beyond this a transaction gains nothing by being larger. */
const MAX_EVENTS = 2000;
const MAX_TRIES = 8;
/** New tasks that were there already: so many transactions look first. */
const WARY_FOR = 50;

type Call = {
  readonly events: readonly TaskEvent[];
  /** Claims that are to be leased. */
  readonly lease: Lease | null;
  /** Ids, and keys behind a sign that no id begins with. */
  readonly names: readonly string[];
  readonly resolve: (answers: Applied[]) => void;
  readonly reject: (error: Error) => void;
};

export class PostgresWriter {
  readonly #pool: PostgresPool;
  readonly #partitions: PostgresPartitions;
  readonly #lanes: number;
  readonly #inHand = new Set<string>();
  #queue: Call[] = [];
  #running = 0;
  #wary = 0;
  #isClosed = false;
  #onIdle: (() => void) | null = null;

  constructor(pool: PostgresPool, partitions: PostgresPartitions, lanes: number) {
    this.#pool = pool;
    this.#partitions = partitions;
    this.#lanes = lanes;
  }

  apply(events: readonly TaskEvent[], lease: Lease | null = null): Promise<Applied[]> {
    if (this.#isClosed) return Promise.reject(unavailable("The store is closed"));
    try {
      for (const event of events) {
        checkId(event.id);
        if (event.spec !== undefined) checkId(event.spec.id);
      }
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ events, lease, names: namesOf(events), resolve, reject });
      // Calls of one turn of the event loop are one transaction.
      if (this.#queue.length === 1) queueMicrotask(() => this.#start());
    });
  }

  /** Resolves when all that was accepted is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#running === 0 && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  #start(): void {
    while (this.#running < this.#lanes) {
      const calls = this.#take();
      if (calls.length === 0) break;
      this.#running++;
      void this.#run(calls).then(() => {
        this.#running--;
        for (const { names } of calls) for (const name of names) this.#inHand.delete(name);
        this.#start();
      });
    }
    if (this.#running === 0 && this.#queue.length === 0) this.#onIdle?.();
  }

  /** The calls in front that are alike, up to the first that has to wait for one under way. */
  #take(): Call[] {
    let count = 0;
    let size = 0;
    const first = this.#queue[0]?.lease ?? null;
    for (const { events, names, lease } of this.#queue) {
      if (lease?.worker !== first?.worker || lease?.leaseMs !== first?.leaseMs) break;
      if (count > 0 && size + events.length > MAX_EVENTS) break;
      if (names.some((name) => this.#inHand.has(name))) break;
      size += events.length;
      count++;
    }
    const calls = this.#queue.splice(0, count);
    for (const { names } of calls) for (const name of names) this.#inHand.add(name);
    return calls;
  }

  async #run(calls: readonly Call[]): Promise<void> {
    const lease = calls[0]!.lease;
    const answers: Answers = [];
    try {
      await this.#commit(
        calls.flatMap(({ events }) => events),
        lease,
        answers,
      );
      let at = 0;
      for (const { events, resolve } of calls) resolve(answers.slice(at, (at += events.length)) as Applied[]);
    } catch (thrown) {
      const error = toStoreError(thrown);
      if (calls.length === 1 || error.code === "unavailable" || error.code === "busy") {
        for (const { reject } of calls) reject(error);
        return;
      }
      // Only the bad one is refused. What was applied by now stays.
      let at = 0;
      for (const { events, resolve, reject } of calls) {
        const own = answers.slice(at, (at += events.length));
        await this.#commit(events, lease, own).then(
          () => resolve(own as Applied[]),
          (reason: unknown) => reject(toStoreError(reason)),
        );
      }
    }
  }

  /** @param answers of the events, as far as they are known; complete when this resolves. */
  async #commit(events: readonly TaskEvent[], lease: Lease | null, answers: Answers): Promise<void> {
    for (let tries = 1; ; tries++) {
      const attempt = { isCommitSent: false };
      try {
        await this.#pool.use((connection) => this.#transact(connection, events, lease, answers, attempt));
        return;
      } catch (error) {
        if (tries === MAX_TRIES) throw error;
        if (isPartitionMissing(error)) this.#partitions.forget();
        else if (isPassing(error)) continue;
        // A connection that had broken while idle: nothing was done. Once, and not when the server is away.
        else if (attempt.isCommitSent || isSaidByServer(error) || tries > 1) throw error;
      }
    }
  }

  async #transact(
    connection: Connection,
    events: readonly TaskEvent[],
    lease: Lease | null,
    answers: Answers,
    attempt: { isCommitSent: boolean },
  ): Promise<void> {
    await this.#partitions.make(connection, events);
    if (answers.length === 0) {
      attempt.isCommitSent = true;
      const known = await applyAlone(connection, events, lease, this.#wary === 0);
      attempt.isCommitSent = false;
      this.#wary = Math.max(0, this.#wary - 1);
      if (known === "taken") this.#wary = WARY_FOR;
      else if (known !== null) answers.push(...known);
    }
    const open = events.flatMap((_, i) => (answers[i] === undefined ? [i] : []));
    if (open.length === 0) return;
    const rest = open.map((i) => events[i]!);
    const told = await this.#together(connection, rest, lease, attempt);
    for (const [n, i] of open.entries()) answers[i] = told[n]!;
  }

  /** Nothing waits for an answer that it has no use for: what can be is sent at once. */
  async #together(
    connection: Connection,
    events: readonly TaskEvent[],
    lease: Lease | null,
    attempt: { isCommitSent: boolean },
  ): Promise<Applied[]> {
    const begun = connection.query("begin");
    try {
      const changes = new CountChanges();
      const [answers] = await Promise.all([applyTogether(connection, events, lease, changes), begun]);
      attempt.isCommitSent = true;
      await Promise.all([changes.write(connection), connection.query("commit")]);
      return answers;
    } catch (error) {
      if (isSaidByServer(error)) await connection.query("rollback");
      throw error;
    }
  }
}

function namesOf(events: readonly TaskEvent[]): string[] {
  const names: string[] = [];
  for (const { id, spec } of events) {
    names.push(id);
    if (spec?.key) names.push(`=${spec.key}`);
  }
  return names;
}
