/**
 * Takes parcels and settles them: one statement at a time, which settles all that is settled and takes what there is room for. What is
 * here stays this process's for as long as it says so in time; what it lost meanwhile is let go.
 */
import { isSaidByServer } from "../postgres/errors.ts";
import { within, type PostgresLink } from "../postgres/link.ts";
import type { Intake } from "./intake.ts";
import { Lanes, type Lane } from "./postgres-lanes.ts";
import {
  exchangeParcels,
  LEFT_MS,
  lookAround,
  renewHolds,
  type FreeLane,
  type Hold,
  type TakenParcel,
} from "./postgres-parcels.ts";
import { PARCEL_VERSION } from "./parcel-codec.ts";
import { isSameLane, queueOf, type RemoteLane } from "./remote-lane.ts";
import type { UnreadableParcel } from "./remote-queue.ts";

const LOOK_MS = 500;
/** When nobody can tell where something is. */
const LOOK_DEAF_MS = 100;
const RENEWALS = 4;
/** How often it is asked who is gone. */
const HURRY_MS = 2000;
/** When the server was away for all, the others come back as we do, each in its own time, and say that they live. */
const REGROUP_MS = 8000;
const FIRST_MS = 1000;
const MOST_TOLD = 1000;
const FAREWELL_MS = 2000;

export type PostgresConsumerOptions = {
  link: PostgresLink;
  intake: Intake<Held>;
  /** Like no other's. */
  taker: string;
  takenMs: number;
  prefetch: number;
  random: () => number;
  isWanted: (queue: string) => boolean;
  isListening: () => boolean;
  /** After what came. */
  announce: () => void;
  onUnreadable: (what: UnreadableParcel) => void;
  onError: (error: unknown) => void;
};

/** A parcel that is here, by one taking. */
export type Held = Hold & { readonly lane: Lane; readonly fullness: number; until: number };

export class PostgresConsumer {
  readonly #options: PostgresConsumerOptions;
  readonly #lanes: Lanes;
  readonly #held = new Set<Held>();
  readonly #told = new Set<string>();
  readonly #renewals: NodeJS.Timeout;
  #looks: NodeJS.Timeout | null = null;
  #settled: Hold[] = [];
  /** By claim, when it will have lapsed: the answer was lost, and perhaps it is carried out later still. */
  readonly #unheard = new Map<number, number>();
  #claim = 0;
  #isRenewalDue = false;
  #isLookDue = true;
  #hasLooked = false;
  #wasUp = false;
  #freesFrom = 0;
  #hurriesFrom = 0;
  #work: Promise<void> | null = null;
  #exchanging: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: PostgresConsumerOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.prefetch);
    this.#renewals = setInterval(() => this.#renewSoon(), options.takenMs / RENEWALS);
    this.#renewals.unref();
    this.#lookLater();
  }

  /** It has seen lately what there is. */
  get isWell(): boolean {
    return this.#options.link.isUp && this.#hasLooked;
  }

  up(): void {
    this.#freesFrom = performance.now() + (this.#wasUp ? REGROUP_MS : FIRST_MS);
    this.#wasUp = true;
    this.#renewSoon();
    this.look();
  }

  down(): void {
    this.#hasLooked = false;
    const leftUntil = performance.now() + LEFT_MS;
    for (const held of this.#held) held.until = Math.min(held.until, leftUntil);
  }

  hint(lanes: readonly RemoteLane[]): void {
    for (const lane of lanes) if (this.#options.isWanted(queueOf(lane))) this.#lanes.hint(lane);
    this.#wake();
  }

  look(): void {
    this.#isLookDue = true;
    this.#wake();
  }

  /** Resolves when nothing comes that is not wanted by now. */
  async stop(): Promise<void> {
    await this.#exchanging;
  }

  /** Of what is settled the server is told, if that is possible. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#renewals);
    if (this.#looks !== null) clearTimeout(this.#looks);
    await this.#work;
    if (this.#settled.length === 0 || !this.#options.link.isUp) return;
    // What cannot be told is given again, and the rows say that it is done.
    await within(FAREWELL_MS, this.#exchange(), "PostgreSQL did not answer the goodbye").catch(() => {});
  }

  /** What was not renewed in time may be another's by now. */
  #letGoOfLapsed(): void {
    const now = performance.now();
    for (const held of this.#held) if (held.until < now) this.#lose(held);
  }

  #renewSoon(): void {
    this.#isRenewalDue = true;
    this.#wake();
  }

  #lookLater(): void {
    const ms = this.#options.isListening() ? LOOK_MS : LOOK_DEAF_MS;
    this.#looks = setTimeout(
      () => {
        this.#lookLater();
        this.#letGoOfLapsed();
        this.look();
      },
      ms * (0.75 + this.#options.random() / 2),
    );
    this.#looks.unref();
  }

  /** After this turn's input: what is settled together is told together. */
  #wake(): void {
    if (this.#work !== null || this.#isClosed || !this.#options.link.isUp) return;
    this.#work = new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.#run())
      .catch((error: unknown) => {
        // Of a connection that is gone its link tells.
        if (this.#options.link.isUp) this.#options.onError(error);
      })
      .finally(() => (this.#work = null));
  }

  async #run(): Promise<void> {
    for (;;) {
      if (this.#isClosed) return;
      if (this.#isRenewalDue) await this.#renew();
      else if (this.#isLookDue) await this.#look();
      else {
        const exchange = this.#exchange();
        this.#exchanging = exchange.catch(() => {});
        if (!(await exchange)) return;
      }
    }
  }

  async #renew(): Promise<void> {
    this.#isRenewalDue = false;
    const { link, taker, takenMs } = this.#options;
    const asked = [...this.#held];
    if (asked.length === 0 && this.#unheard.size === 0) return;
    const now = performance.now();
    const until = now + takenMs;
    const ours = await renewHolds(link, { name: taker, takenMs }, asked, [...this.#unheard.keys()]);
    for (const [claim, lapsesAt] of this.#unheard) if (lapsesAt < now) this.#unheard.delete(claim);
    const claims = new Map(ours.map(({ id, claim }) => [id, claim]));
    for (const held of asked) {
      if (claims.get(held.id) === held.claim) held.until = until;
      else if (this.#held.has(held)) this.#lose(held);
    }
  }

  async #look(): Promise<void> {
    this.#isLookDue = false;
    const now = performance.now();
    const frees = now >= this.#freesFrom;
    const hurries = frees && now >= this.#hurriesFrom;
    if (hurries) this.#hurriesFrom = now + HURRY_MS;
    for (const lane of await lookAround(this.#options.link, frees, hurries)) {
      if (lane.form !== PARCEL_VERSION) this.#tellUnknown(lane);
      else if (this.#options.isWanted(queueOf(lane))) this.#lanes.hint(lane);
    }
    this.#hasLooked = true;
  }

  /** @returns false when there was nothing to do. */
  async #exchange(): Promise<boolean> {
    const { link, taker, takenMs, isWanted } = this.#options;
    const wishes = this.#isClosed ? [] : this.#lanes.wishes(isWanted);
    const settled = this.#settled;
    if (wishes.length === 0 && settled.length === 0) return false;
    this.#settled = [];
    for (const { lane } of wishes) lane.mayHave = false;
    const claim = ++this.#claim;
    const until = performance.now() + takenMs;
    let parcels: TakenParcel[];
    try {
      parcels = await exchangeParcels(link, { name: taker, claim, takenMs }, settled, wishes);
    } catch (error) {
      // Once more, when it can be said: what is gone already is not harmed by it.
      this.#settled.push(...settled);
      for (const { lane } of wishes) lane.mayHave = true;
      if (wishes.length > 0 && !isSaidByServer(error)) this.#unheard.set(claim, until);
      throw error;
    }
    for (const { lane, room } of wishes) {
      const own = parcels.filter((parcel) => isSameLane(parcel, lane));
      if (own.length >= room) lane.mayHave = true;
      if (own.length > 0) lane.learn(own.reduce((sum, { fullness }) => sum + fullness, 0) / own.length);
      for (const parcel of own) this.#receive(lane, parcel, claim, until);
    }
    if (parcels.length > 0) this.#options.announce();
    return true;
  }

  #receive(lane: Lane, parcel: TakenParcel, claim: number, until: number): void {
    const { id, fullness, body, timesLost } = parcel;
    const held: Held = { id, claim, lane, fullness, until };
    this.#held.add(held);
    lane.parcels++;
    lane.fullness += fullness;
    const acknowledge = (): void => this.#settle(held);
    try {
      this.#options.intake.receive({ source: held, body, timesLost, acknowledge });
    } catch (error) {
      const why = (error as Error).message;
      const bytes = Buffer.byteLength(body);
      this.#options.onUnreadable({ queue: queueOf(parcel), bytes, isUnknownVersion: false, why });
      // It says that it is of the form we know: nobody will read it, ever, and its rows are published again.
      this.#settle(held);
    }
  }

  #settle(held: Held): void {
    if (!this.#forget(held)) return;
    this.#settled.push({ id: held.id, claim: held.claim });
    this.#wake();
  }

  #lose(held: Held): void {
    if (this.#forget(held)) this.#options.intake.lose(held);
  }

  #forget(held: Held): boolean {
    if (!this.#held.delete(held)) return false;
    const { lane, fullness } = held;
    lane.parcels--;
    lane.fullness -= fullness;
    return true;
  }

  /** Once for each: it lies there until somebody comes who knows it. */
  #tellUnknown(lane: FreeLane): void {
    const { form, bytes } = lane;
    const queue = queueOf(lane);
    const name = `${form}${queue}`;
    if (this.#told.has(name) || this.#told.size >= MOST_TOLD) return;
    this.#told.add(name);
    const why = `its version is ${form}, ours ${PARCEL_VERSION}`;
    this.#options.onUnreadable({ queue, bytes, isUnknownVersion: true, why });
  }
}
