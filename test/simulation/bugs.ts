/**
 * Mistakes that somebody could make, planted one at a time: a simulation that does not find them proves nothing. Each is a change of one
 * place in the sources, made while they are loaded; none is in the product.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Narrowed } from "./history.ts";

export type Bug = {
  readonly name: string;
  /** What somebody forgot. */
  readonly what: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Shows seldom: it is looked for in histories of these shapes and faults alone. */
  readonly under?: Narrowed;
};

const ALONE_AT_A_LOSS: Narrowed = { isAlone: true, faults: ["databaseUnknown"] };

const SOURCES = new URL("../../src/", import.meta.url);

export const BUGS: readonly Bug[] = [
  {
    name: "no-fence",
    what: "The end of any attempt is written, whichever the row is at.",
    file: "task/decide.ts",
    from: "if (!isClaimed && !isRide) return",
    to: "if (!isClaimed && !isRide && isFinal(row.state)) return",
  },
  {
    name: "final-twice",
    what: "What is final is written again.",
    file: "task/decide.ts",
    from: "if (!isClaimed && !isRide) return",
    to: "if (!isClaimed && !isRide && row.attempt !== event.attempt) return",
  },
  {
    name: "claim-twice",
    what: "A task that runs may be claimed once more.",
    file: "task/decide.ts",
    from: 'if (row.state !== "queued" || row.attempt !== from)',
    to: 'if ((row.state !== "queued" && row.state !== "running") || row.attempt < from)',
  },
  {
    name: "answer-before-commit",
    what: "A client is told that its task is kept before the row is durable.",
    file: "engine/intake.ts",
    from: "    this.#parts.store.apply(events).then(\n      (applied) => {\n        const ready",
    to: '    for (const { submission, spec, waiter } of entrants) if (submission.options?.wait === false) waiter.answer(submission.token, { status: "queued", task: spec.id, isRepeat: false });\n    this.#parts.store.apply(events).then(\n      (applied) => {\n        const ready',
  },
  {
    name: "run-before-claim",
    what: "What may have been begun elsewhere runs without a claim.",
    file: "worker/worker.ts",
    from: "if (toClaim.length > 0) this.#gate.claim(toClaim);",
    to: "if (toClaim.length > 0) this.#handOver(toClaim, at, null);",
  },
  {
    name: "run-unclaimed-at-a-loss",
    what: "A claim whose outcome is unknown is taken for granted.",
    file: "worker/claims.ts",
    from: "claimAlone(store) : leasing.claim.bind(leasing);",
    to: 'claimAlone(store) : (claims: readonly ClaimEvent[]) => leasing.claim(claims).catch(() => claims.map(() => ({ verdict: "applied" as const })));',
  },
  {
    name: "own-claim-refused",
    what: "A node alone takes the repeat of its own claim for somebody else's.",
    file: "worker/claim-alone.ts",
    from: "const isRepeat = unanswered.delete(id);",
    to: "const isRepeat = false;",
    under: ALONE_AT_A_LOSS,
  },
  {
    name: "ends-not-looked-for",
    what: "A node alone whose store was at a loss does not look for ends that nobody was told of.",
    file: "node/open-alone.ts",
    from: "await tellOfEnds?.();",
    to: "",
    under: ALONE_AT_A_LOSS,
  },
  {
    name: "own-clock",
    what: "A worker tells when a run ended by the clock of its machine, not by that of the store.",
    file: "worker/worker.ts",
    from: "this.#options.sharing === null ? null : this.#options.now();",
    to: "null;",
  },
  {
    name: "sweeper-without-doubling",
    what: "What waits is published again every so often, however long it waits. (SQL says so; its model here does.)",
    file: "../test/simulation/database.ts",
    from: "this.now + Math.min(LONGEST_MS, againMs * 2 ** row.published);",
    to: "this.now + againMs;",
  },
  {
    name: "no-sweeper",
    what: "What stays queued and unseen is never published again.",
    file: "node/duties/sweeper.ts",
    from: "const rows = await store.sweep(AGAIN_MS, limit);",
    to: "const rows = (await store.sweep(AGAIN_MS, limit)).slice(0, 0);",
  },
  {
    name: "no-reaper",
    what: "Nobody looks for tasks whose worker was lost.",
    file: "node/duties/reaper.ts",
    from: "const reaped = await store.reap(reaping,",
    to: "const reaped = await store.reap({ ...reaping, limit: 0 },",
  },
  {
    name: "lost-lease-goes-on",
    what: "A worker that lost a task's lease runs it to its end.",
    file: "worker/worker.ts",
    from: "onLost: (hand) => hand.pool.cancel(hand.seq),",
    to: "onLost: () => {},",
  },
  {
    name: "leases-not-renewed",
    what: "A task that takes longer than its lease is taken away from a healthy worker.",
    file: "worker/claims.ts",
    from: "if (this.#isRenewing) return;",
    to: "if (!this.#isRenewing) return;",
  },
  {
    name: "key-forgotten",
    what: "A repeat under a key makes a second task.",
    file: "engine/specify.ts",
    from: "key: options.key === undefined ? null : ownedKey(options.owner ?? null, ownKey(options.key)),",
    to: "key: null,",
  },
  {
    name: "wrong-client",
    what: "An answer goes to whoever asked last.",
    file: "gateway/session.ts",
    from: "const pending = token as Pending;",
    to: "const mine = token as Pending; const all = globalThis as { last?: Pending }; const pending = all.last ?? mine; all.last = mine;",
  },
  {
    name: "hint-only",
    what: "Who waits elsewhere trusts the hint, and never looks at the row.",
    file: "fleet/waiting.ts",
    from: "await this.#ask(tasks);\n  }\n\n  async #ask",
    to: "await this.#ask(tasks.slice(0, 0));\n  }\n\n  async #ask",
  },
  {
    name: "retry-not-due",
    what: "A retry whose time has come is never let go.",
    file: "node/duties/scheduler.ts",
    from: "const rows = await this.#store.due(at, BATCH);",
    to: 'const rows = (await this.#store.due(at, BATCH)).filter(({ state }) => state !== "retrying");',
  },
  {
    name: "result-dropped",
    what: "An outcome that the store did not take at once is forgotten.",
    file: "worker/recorder.ts",
    from: "setTimeout(() => this.#write(events, listeners, true), RETRY_MS);",
    to: "this.#failing--;",
  },
  {
    name: "recovery-forgotten",
    what: "What a dead node had begun stays running for ever.",
    file: "node/recover.ts",
    from: "if (rows.length === 0) break;",
    to: "if (rows.length >= 0) break;",
  },
  {
    name: "loss-never-charged",
    what: "A task that ends its process every time is tried for ever.",
    file: "task/decide.ts",
    from: "const losses = row.losses + (outcome.isCharged ? 1 : 0);",
    to: "const losses = row.losses;",
  },
  {
    name: "cancel-forgotten",
    what: "What was cancelled in the store goes on where it runs.",
    file: "fleet/hearing.ts",
    from: "!removed.has(task) && !worker.cancel(task, true)",
    to: "!removed.has(task)",
  },
  {
    name: "not-looked-again",
    what: "A node alone does not look for rows that a store at a loss may have made.",
    file: "node/unknown-outcomes.ts",
    from: "onUnknown();",
    to: "",
  },
];

/** From now on this file is loaded with its bug. @throws when the place is not there, once: the sources went on, and the bug must follow. */
/** The source that it is planted in. @throws where its place is not there, or not once. */
export function placeOf(bug: Bug): { readonly url: string; readonly source: string } {
  const url = new URL(bug.file, SOURCES).href;
  const source = readFileSync(fileURLToPath(url), "utf8");
  if (source.split(bug.from).length !== 2)
    throw new Error(`${bug.name}: its place in ${url} is not there, or not once`);
  return { url, source };
}

export function plant(bug: Bug): void {
  const { url, source } = placeOf(bug);
  registerHooks({
    load(loaded, context, next) {
      const result = next(loaded, context);
      if (loaded !== url) return result;
      return { ...result, source: source.replace(bug.from, () => bug.to) };
    },
  });
}
