/**
 * Lets tasks in. Nobody is answered `queued` before the row is durable. A task that is only waited for rides: it goes to
 * the queue at once and its row is written with its end.
 */
import type { Message } from "../queue/queue.ts";
import type { Applied } from "../store/store.ts";
import { noSuchTask } from "../task/no-such-task.ts";
import type { TaskEvent } from "../task/decide.ts";
import { isFinal } from "../task/state.ts";
import { isSameRequest, newTask, type Task, type TaskSpec } from "../task/task.ts";
import { conflictAnswer } from "./conflict-answer.ts";
import type { Submission, Waiter } from "./engine.ts";
import type { Fleet } from "./fleet.ts";
import type { Flight } from "./flights.ts";
import { answerOf, failedAnswer, republished, type EngineParts } from "./parts.ts";
import { refuseLate } from "./lateness.ts";
import { specify } from "./specify.ts";
import { emitState } from "./state-events.ts";

type Entrant = { readonly spec: TaskSpec; readonly submission: Submission; readonly waiter: Waiter };

export class Intake {
  readonly #parts: EngineParts;
  /** Where the ends of what is waited for here are to be told; undefined when nobody else runs tasks. */
  readonly #waiter: string | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#waiter = parts.fleet?.address;
  }

  submit(submissions: readonly Submission[], waiter: Waiter): void {
    const parts = this.#parts;
    const now = parts.now();
    const rides: Message[] = [];
    const promised: Entrant[] = [];
    const repeated: Entrant[] = [];
    for (const submission of submissions) {
      if (parts.fleet !== null && !parts.catalogue.isKnown(submission.action)) {
        this.#submitUnknown(parts.fleet, submission, waiter);
        continue;
      }
      try {
        const action = parts.catalogue.find(submission.action);
        const spec = specify(action, submission.payload, submission.options, parts.makeId, now);
        if (spec.expiresAt !== null && isFirst(submission)) refuseLate(parts, spec, now);
        const isRide = isRiding(spec, submission);
        const error = parts.admission.admit(spec.queue, waiter, isRide, submission.options?.task ?? null);
        if (error !== null) {
          waiter.answer(submission.token, { status: "failed", task: null, error });
          continue;
        }
        parts.lately.submitted(spec.action, spec.queue);
        const entrant = { spec, submission, waiter };
        if (submission.payload.length > parts.inlineChars) this.#submitLarge(entrant);
        else this.#place(entrant, rides, promised, repeated);
      } catch (error) {
        waiter.answer(submission.token, failedAnswer(null, error));
      }
    }
    this.#go(rides, promised, repeated);
    parts.recent.submitted(submissions.length);
  }

  /** Somebody may have announced it since we looked. */
  #submitUnknown(fleet: Fleet, submission: Submission, waiter: Waiter): void {
    const { catalogue } = this.#parts;
    fleet.refreshActions().then(
      () => {
        if (catalogue.isKnown(submission.action)) return this.submit([submission], waiter);
        try {
          catalogue.find(submission.action);
        } catch (error) {
          waiter.answer(submission.token, failedAnswer(null, error));
        }
      },
      (error: unknown) => waiter.answer(submission.token, failedAnswer(null, error)),
    );
  }

  /** The payload goes to a blob first; then all is as usual. */
  #submitLarge(entrant: Entrant): void {
    const { waiter, submission } = entrant;
    this.#parts.blobs.put(submission.payload, { type: "application/json" }).then(
      (blob) => {
        const rides: Message[] = [];
        const promised: Entrant[] = [];
        const repeated: Entrant[] = [];
        const spec: TaskSpec = { ...entrant.spec, payload: "", payloadBlob: blob.id };
        this.#place({ ...entrant, spec }, rides, promised, repeated);
        this.#go(rides, promised, repeated);
      },
      (error: unknown) => {
        this.#parts.admission.left(1);
        waiter.answer(submission.token, failedAnswer(null, error));
      },
    );
  }

  #place(entrant: Entrant, rides: Message[], promised: Entrant[], repeated: Entrant[]): void {
    const { spec, submission, waiter } = entrant;
    const { options } = submission;
    if (spec.expiresAt !== null) this.#parts.onExpiring();
    if (!isRiding(spec, submission)) {
      promised.push(entrant);
      return;
    }
    if (options !== null) {
      if (options.task !== undefined) {
        const flight = this.#parts.flights.get(spec.id);
        if (flight?.spec) {
          this.#parts.admission.left(1);
          return this.#join(flight, flight.spec, entrant);
        }
        // Sent before, perhaps; or somebody waits for this id, and no more is known of it here.
        if (flight || options.again) {
          repeated.push(entrant);
          return;
        }
      }
    }
    const flight = this.#parts.flights.ride(spec);
    this.#parts.flights.add(flight, waiter, submission.token);
    rides.push(this.#ride(spec, waiter));
  }

  #ride(spec: TaskSpec, sender: Waiter): Message {
    return {
      spec,
      attempt: 1,
      isRide: true,
      isSuspect: false,
      waiter: this.#waiter,
      sender: sender.sender ?? sender,
    };
  }

  #join(flight: Flight, flown: TaskSpec, { spec, submission, waiter }: Entrant): void {
    if (isSameRequest(flown, spec)) this.#parts.flights.add(flight, waiter, submission.token);
    else waiter.answer(submission.token, conflictAnswer(spec.id, "id"));
  }

  #go(rides: Message[], promised: Entrant[], repeated: Entrant[]): void {
    if (rides.length > 0) this.#publishRides(rides);
    if (promised.length > 0) this.#promise(promised);
    if (repeated.length > 0) this.#resume(repeated);
  }

  #publishRides(rides: Message[]): void {
    const { watchers, now } = this.#parts;
    this.#parts.queue.publish(rides);
    if (!watchers.isAny) return;
    const at = now();
    for (const { spec } of rides) emitState(this.#parts, newTask(spec), at);
  }

  #promise(entrants: readonly Entrant[]): void {
    const at = this.#parts.now();
    const events = entrants.map(({ spec }): TaskEvent => ({ type: "submit", id: spec.id, at, spec }));
    this.#parts.store.apply(events).then(
      (applied) => {
        const ready: Message[] = [];
        for (let index = 0; index < entrants.length; index++)
          this.#promised(entrants[index]!, applied[index]!, ready);
        this.#parts.admission.left(applied.filter(({ verdict }) => verdict !== "applied").length);
        if (ready.length > 0) this.#parts.queue.publish(ready);
      },
      (error: unknown) => {
        this.#parts.admission.left(entrants.length);
        for (const { submission, waiter } of entrants)
          waiter.answer(submission.token, failedAnswer(null, error));
      },
    );
  }

  #promised(entrant: Entrant, applied: Applied, ready: Message[]): void {
    const { spec, submission, waiter } = entrant;
    const row = applied.task ?? newTask(spec);
    if (applied.verdict === "conflict") {
      waiter.answer(submission.token, conflictAnswer(row.id, spec.key === null ? "id" : "key"));
      return;
    }
    const isNew = applied.verdict === "applied";
    if (submission.options?.wait === false) {
      const status = row.state === "scheduled" ? "scheduled" : "queued";
      waiter.answer(submission.token, { status, task: row.id, isRepeat: !isNew });
    } else if (isNew) {
      const { flights } = this.#parts;
      flights.add(flights.join(row.id, row), waiter, submission.token);
    } else this.wait(row.id, submission.token, waiter);
    if (!isNew) {
      if (submission.options?.again) this.#lookAgain([row]);
      return;
    }
    if (row.state === "scheduled") this.#parts.onDue(row.dueAt!);
    else {
      const waiter = submission.options?.wait === false ? undefined : this.#waiter;
      ready.push({ spec: row, attempt: row.attempt + 1, isRide: false, isSuspect: false, waiter });
    }
    if (this.#parts.watchers.isAny) emitState(this.#parts, row, this.#parts.now());
  }

  /** What the store knows goes first; what nobody knows runs now, or soon where others may know. */
  #resume(entrants: readonly Entrant[]): void {
    this.#parts.store.get(entrants.map(({ spec }) => spec.id)).then(
      (rows) => {
        const rides: Message[] = [];
        for (let index = 0; index < entrants.length; index++)
          this.#resumeOne(entrants[index]!, rows[index] ?? null, rides);
        this.#lookAgain(rows.filter((row) => row !== null));
        const { fleet } = this.#parts;
        this.#parts.admission.left(entrants.length - rides.length);
        if (rides.length > 0 && fleet !== null) this.#publishLater(fleet, rides);
        else if (rides.length > 0) this.#publishRides(rides);
      },
      (error: unknown) => {
        // A row that cannot be read is no reason to refuse the others.
        if (entrants.length > 1) return entrants.forEach((entrant) => this.#resume([entrant]));
        this.#parts.admission.left(entrants.length);
        for (const { spec, submission, waiter } of entrants)
          waiter.answer(submission.token, failedAnswer(spec.id, error));
      },
    );
  }

  /** Another gateway may have let them in, and somebody may run them by now. */
  #publishLater(fleet: Fleet, rides: readonly Message[]): void {
    const { flights } = this.#parts;
    fleet.publishLater(rides).then(
      () => {
        for (const { spec } of rides) {
          const flight = flights.get(spec.id);
          if (flight) flight.hasRow = true;
        }
      },
      (error: unknown) => {
        for (const { spec } of rides) flights.end(spec.id, failedAnswer(spec.id, error));
      },
    );
  }

  /** Whoever made the rows may have died, or not have heard that they were made, before these were published. */
  #lookAgain(rows: readonly Task[]): void {
    const { fleet } = this.#parts;
    const waiting = rows.filter(({ state }) => state === "queued");
    if (fleet === null || waiting.length === 0) return;
    // Without it they are published all the same, only later.
    fleet.publishLater(waiting.map((row) => republished(this.#parts, row, this.#waiter))).catch(() => {});
  }

  #resumeOne(entrant: Entrant, row: Task | null, rides: Message[]): void {
    const { spec, submission, waiter } = entrant;
    const { flights } = this.#parts;
    if (row !== null) {
      if (!isSameRequest(row, spec)) waiter.answer(submission.token, conflictAnswer(spec.id, "id"));
      else if (isFinal(row.state)) waiter.answer(submission.token, answerOf(row));
      else this.wait(spec.id, submission.token, waiter);
      return;
    }
    let flight = flights.get(spec.id);
    if (flight?.spec) return this.#join(flight, flight.spec, entrant);
    if (flight) flights.adopt(flight, spec);
    else flight = flights.ride(spec);
    flights.add(flight, waiter, submission.token);
    rides.push(this.#ride(spec, waiter));
  }

  /** Answers when the task is final. Registered first, so that an end meanwhile is not missed. */
  wait(task: string, token: unknown, waiter: Waiter): void {
    const { flights, store } = this.#parts;
    const flight = flights.get(task) ?? flights.join(task, null);
    flights.add(flight, waiter, token);
    if (!flight.hasRow) return;
    store.get([task]).then(
      ([row]) => {
        if (row && isFinal(row.state)) flights.end(task, answerOf(row), row);
        else if (!row && flight.spec === null) flights.end(task, failedAnswer(null, noSuchTask(task)));
      },
      (error: unknown) => flights.end(task, failedAnswer(task, error)),
    );
  }
}

/** Nobody is promised anything of it before its end. */
function isRiding({ key, dueAt }: TaskSpec, { options }: Submission): boolean {
  return options === null || (options.wait !== false && key === null && dueAt === null);
}

/** Surely it was not let in before. */
function isFirst({ options }: Submission): boolean {
  return options === null || (options.key === undefined && options.again !== true);
}
