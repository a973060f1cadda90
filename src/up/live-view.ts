/**
 * What is told while a topology runs. At a terminal: a table at the bottom that is drawn anew, with what happened scrolling by above.
 * Elsewhere: a line for each thing that happened. For programs: a line of JSON for each.
 */
import { tellDuration } from "../task/duration.ts";
import { compact, stateText, tableLines, type Paint } from "./live-table.ts";
import { spreadText, totalOf, type Row } from "./row.ts";

export type Output = {
  readonly write: (text: string) => void;
  /** Of the screen; null where there is none. */
  readonly size: () => { readonly columns: number; readonly rows: number } | null;
  readonly isJson: boolean;
  readonly paint: Paint;
};

export type ViewFacts = {
  /** "3 nodes behind haproxy" */
  readonly title: string;
  readonly listen: string;
  readonly hint: string;
  readonly startedAt: number;
};

/** Without a screen, how tasks spread is told so often, when there are any. */
const SPREAD_EVERY_MS = 10_000;
const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
/** Of a line that is wider than the screen the rest is left out: were it wrapped, there would be more lines than we erase. */
const NO_WRAP = "\x1b[?7l";
const WRAP = "\x1b[?7h";

export class LiveView {
  readonly #output: Output;
  readonly #facts: ViewFacts;
  readonly #now: () => number;
  #drawn = 0;
  #told = new Map<string, string>();
  #spreadAt: number;
  #spreadDone = 0;

  constructor(output: Output, facts: ViewFacts, now: () => number) {
    this.#output = output;
    this.#facts = facts;
    this.#now = now;
    this.#spreadAt = facts.startedAt;
    if (this.#isScreen) output.write(HIDE_CURSOR);
  }

  /** Something that happened. */
  say(event: object, text: string, rows: readonly Row[]): void {
    if (this.#output.isJson) this.#json(event);
    else {
      const stamp = this.#output.paint("dim", new Date(this.#now()).toTimeString().slice(0, 8));
      this.#erase();
      this.#output.write(`${stamp} ${text}\n`);
      this.#draw(rows);
    }
  }

  /** About once a second: what is counted has gone on. */
  refresh(rows: readonly Row[]): void {
    if (this.#output.isJson) this.#tellCounts(rows);
    else if (this.#isScreen) {
      this.#erase();
      this.#draw(rows);
    } else this.#tellSpread(rows);
  }

  /** What happened stays on the screen, the table goes. */
  close(): void {
    if (!this.#isScreen) return;
    this.#erase();
    this.#output.write(SHOW_CURSOR);
  }

  get #isScreen(): boolean {
    return !this.#output.isJson && this.#output.size() !== null;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#output.write(`\x1b[${this.#drawn}A\r\x1b[0J`);
    this.#drawn = 0;
  }

  #draw(rows: readonly Row[]): void {
    const size = this.#output.size();
    if (size === null) return;
    const now = this.#now();
    const { paint } = this.#output;
    const { done, perSecond } = totalOf(rows);
    const { title, listen, hint, startedAt } = this.#facts;
    const up = tellDuration(Math.floor((now - startedAt) / 1000) * 1000);
    const lines = [
      "",
      ` ${paint("bold", "Tanda")} on ${paint("cyan", listen)}: ${title}`,
      ` up ${up}, ${compact(done)} done, ${compact(perSecond)}/s`,
      "",
      ...tableLines(rows, size.columns, now, paint),
      "",
      ` ${paint("dim", hint.slice(0, size.columns - 1))}`,
    ];
    // What does not fit on the screen could not be erased again.
    const shown = lines.slice(0, Math.max(1, size.rows - 1));
    this.#output.write(`${NO_WRAP}${shown.join("\n")}\n${WRAP}`);
    this.#drawn = shown.length;
  }

  #json(event: object): void {
    this.#output.write(`${JSON.stringify({ at: this.#now(), ...event })}\n`);
  }

  #tellCounts(rows: readonly Row[]): void {
    for (const { name, role, tasks } of rows) {
      if (tasks === null) continue;
      const { inFlight, ran } = tasks;
      const counts = ran === null ? { inFlight } : { inFlight, ...ran, perSecond: Math.round(ran.perSecond) };
      const text = JSON.stringify(counts);
      if (this.#told.get(name) === text) continue;
      this.#told.set(name, text);
      this.#json({ event: "tasks", name, role, ...counts });
    }
  }

  #tellSpread(rows: readonly Row[]): void {
    const now = this.#now();
    if (now - this.#spreadAt < SPREAD_EVERY_MS) return;
    const { done } = totalOf(rows);
    const more = done - this.#spreadDone;
    const perSecond = (more * 1000) / (now - this.#spreadAt);
    this.#spreadAt = now;
    if (more === 0) return;
    this.#spreadDone = done;
    this.say(
      {},
      `${more === 1 ? "1 task" : `${compact(more)} tasks`} done, ${compact(perSecond)}/s; of all: ${spreadText(rows)}`,
      rows,
    );
  }
}

/** A change of state in words. */
export function changeText({ name, pid, address, state }: Row, now: number, paint: Paint): string {
  const who = paint("bold", name);
  switch (state.is) {
    case "starting":
      return `${who} starts`;
    case "ready":
      return `${who} is ${paint("green", "ready")}${address === null ? "" : ` on ${address}`} (pid ${pid})`;
    case "restarting":
      return `${who} was ${paint("red", state.why)}; ${stateText(state, now)}`;
    case "failed":
      return `${who} ${paint("red", state.why)}, and would again`;
    case "not ready":
      return `${who} is ${paint("yellow", "not ready")}: ${state.why}`;
    default:
      return `${who} is ${state.is}`;
  }
}
