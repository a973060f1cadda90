/**
 * Who did what: acts are gathered for a moment and written together, and each is a line of the node's log at once. While the store is
 * away they wait in memory, up to a bound; what is dropped then is in the log.
 */
import { toAuditView, type AuditFilter, type AuditPage } from "../protocol/access.ts";
import { parseSince } from "../protocol/instants.ts";
import type { AccessStore } from "../store/access-store.ts";
import type { AuditEntry } from "../task/access.ts";
import { toTandaError } from "../task/errors.ts";
import type { Act } from "./engine.ts";

const GATHER_MS = 50;
const AGAIN_MS = 1000;
const AT_ONCE = 1000;
const MOST_WAITING = 10_000;
/** The same refusal, again and again, is told once in so long; and so are many cancels by one hand. */
const ALIKE_MS = 10_000;
/** So many tasks cancelled in that time are an administrative act, whoever's they are. */
const MANY = 10;
const MOST_ALIKE = 1000;
const DEFAULT_LIMIT = 100;

export type AuditLogOptions = {
  readonly store: Pick<AccessStore, "record" | "audit">;
  readonly log: {
    info(facts: object, text: string): void;
    error(facts: object, text: string): void;
  };
  readonly now: () => number;
  readonly makeId: () => string;
};

export class AuditLog {
  readonly #options: AuditLogOptions;
  #waiting: AuditEntry[] = [];
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** Refusals told lately, by what is alike in them. */
  readonly #told = new Map<string, number>();
  readonly #cancels = new Map<string, { act: Act; count: number; timer: NodeJS.Timeout }>();

  constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  add(act: Act): void {
    if (act.outcome !== "ok" && this.#wasToldLately(act)) return;
    const entry: AuditEntry = { id: this.#options.makeId(), at: this.#options.now(), ...act };
    const { act: word, ...facts } = act;
    this.#options.log.info({ audit: word, ...facts }, "an administrative act");
    this.#waiting.push(entry);
    if (this.#waiting.length > MOST_WAITING) {
      this.#waiting.shift();
      this.#options.log.error({}, "the audit log cannot be written, and its oldest act was dropped");
    }
    this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  /** Something that this process does to itself, by its operator's word. */
  async ofProcess<T>(act: string, run: () => Promise<T>): Promise<T> {
    const by = { who: "process", name: null, from: "", act, target: null };
    try {
      const done = await run();
      this.add({ ...by, outcome: "ok" });
      return done;
    } catch (error) {
      this.add({ ...by, outcome: toTandaError(error).code });
      throw error;
    }
  }

  /** A cancel of a task that is nobody's own: an act only when there are many. */
  cancelled(act: Act): void {
    const alike = `${act.who} ${act.from}`;
    const known = this.#cancels.get(alike);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const end = (): void => this.#endCancels(alike);
    this.#cancels.set(alike, { act, count: 1, timer: setTimeout(end, ALIKE_MS).unref() });
  }

  /** @throws bad_request */
  async read({ since, cursor, limit = DEFAULT_LIMIT }: AuditFilter): Promise<AuditPage> {
    await this.flush();
    const from = since === undefined ? undefined : parseSince(since, this.#options.now());
    const found = await this.#options.store.audit({ since: from, before: cursor, limit });
    return {
      entries: found.map(toAuditView),
      next: found.length === limit ? found.at(-1)!.id : null,
    };
  }

  /** All that was added is written, or could not be. */
  async flush(): Promise<void> {
    if (this.#timer !== null) this.#write();
    await this.#writing;
  }

  async stop(): Promise<void> {
    for (const alike of this.#cancels.keys()) this.#endCancels(alike);
    await this.flush();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#waiting.splice(0, AT_ONCE);
    if (batch.length === 0) return;
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#write(), 0);
    this.#writing = this.#writing
      .then(() => this.#options.store.record(batch))
      .catch((error: unknown) => {
        this.#options.log.error({ error }, "the audit log could not be written yet; trying again");
        this.#waiting.unshift(...batch);
        this.#timer ??= setTimeout(() => this.#write(), AGAIN_MS).unref();
      });
  }

  #endCancels(alike: string): void {
    const { act, count, timer } = this.#cancels.get(alike)!;
    clearTimeout(timer);
    this.#cancels.delete(alike);
    if (count >= MANY) this.add({ ...act, target: `${count} tasks` });
  }

  #wasToldLately({ who, from, act, outcome }: Act): boolean {
    const alike = [who, from, act, outcome].join(" ");
    const now = performance.now();
    const told = this.#told.get(alike);
    if (told !== undefined && now - told < ALIKE_MS) return true;
    if (this.#told.size >= MOST_ALIKE) this.#told.clear();
    this.#told.set(alike, now);
    return false;
  }
}
