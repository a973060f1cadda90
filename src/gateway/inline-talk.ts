/** The talk with a person at `nc`: one line for one line, in the order they were typed. */
import { setTimeout as delay } from "node:timers/promises";
import type { Answer, Engine } from "../engine/engine.ts";
import {
  dependsOnTakingText,
  GOODBYES,
  INLINE_HELP,
  inlinePayload,
  parseInline,
  renderInline,
  renderInlineError,
  takesText,
  type InlineRequest,
} from "../protocol/inline.ts";
import { overJsonLimit } from "../protocol/json-limits.ts";
import type { Submit } from "../protocol/request.ts";
import { TandaError, toTandaError } from "../task/errors.ts";
import type { Bearer } from "./bearer.ts";
import type { GatewayContext } from "./context.ts";
import { healthForAskers } from "./health.ts";
import type { Pending, Slot } from "./load.ts";

const READY_POLL_MS = 50;
const WRONG_TOKEN = new TandaError("unauthorized", "this token is wrong");

/** The session a talk belongs to, as far as it needs it. */
export interface Talker {
  readonly isAuthorized: boolean;
  /** As its client may use it, once he is let in. */
  readonly engine: Engine;
  readonly isClosed: boolean;
  readonly bearer: Pick<Bearer, "authorize">;
  counted(bytes: number, run: () => Promise<void>): Promise<void>;
  submit(submit: Submit, pending: Pending): void;
  write(line: string): void;
  endOfRead(): void;
  endOfInput(): void;
}

export class InlineTalk {
  readonly #context: GatewayContext;
  readonly #session: Talker;
  #slots: Slot[] = [];

  constructor(context: GatewayContext, session: Talker) {
    this.#context = context;
    this.#session = session;
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0;
  }

  receive(text: string, bytes: number): void {
    const request = parseInline(text);
    if (request === null) return;
    const slot: Slot = { text: null };
    this.#slots.push(slot);
    const isOpen =
      request.type === "ping" || request.type === "help" || request.type === "auth" || request.type === "bye";
    if (!isOpen && !this.#session.isAuthorized) {
      this.#fill(slot, errorLine("unauthorized", "a token is required: auth TOKEN"));
      return;
    }
    if (request.type === "help") this.#fill(slot, INLINE_HELP);
    else if (request.type === "bye") {
      this.#fill(slot, GOODBYES.get(request.word)!);
      this.#session.endOfInput();
    } else void this.#session.counted(bytes, () => this.#run(request, slot, bytes));
  }

  /** A line that cannot be taken still has its place. */
  refuse(error: TandaError): void {
    const slot: Slot = { text: null };
    this.#slots.push(slot);
    this.#fill(slot, renderInlineError(error.toBody()));
  }

  tell(slot: Slot, answer: Answer, result: string): void {
    if (answer.status === "done") this.#fill(slot, renderInline(result));
    else if (answer.status === "failed") this.#fill(slot, renderInlineError(answer.error));
    else this.#fill(slot, answer.status);
  }

  async #run(request: InlineRequest, slot: Slot, bytes: number): Promise<void> {
    try {
      if (request.type === "ping") this.#fill(slot, await this.#pong());
      else if (request.type === "auth") {
        const isIn = this.#session.bearer.authorize(request.token);
        if (!(typeof isIn === "boolean" ? isIn : await isIn)) throw WRONG_TOKEN;
        this.#fill(slot, "ok");
      } else if (request.type === "actions") {
        const actions = await this.#session.engine.actions();
        this.#fill(slot, actions.map(({ action }) => action).join(", "));
      } else if (request.type === "run") await this.#submit(request.action, request.rest, slot, bytes);
    } catch (error) {
      this.#fill(slot, renderInlineError(toTandaError(error).toBody()));
    }
  }

  async #submit(action: string, rest: string, slot: Slot, bytes: number): Promise<void> {
    const over = overJsonLimit(rest, this.#context.limits);
    if (over)
      throw new TandaError("too_large", `the line has too much ${over === "depth" ? "nesting" : "keys"}`);
    let isText = false;
    if (dependsOnTakingText(rest)) {
      const actions = await this.#session.engine.actions();
      isText = takesText(actions.find((known) => known.action === action)?.input);
    }
    const payload = inlinePayload(rest, isText);
    this.#session.submit(
      { action, payload, options: null },
      { prefix: "", bytes, tellsTask: false, slot, overtook: false, bornIn: 0 },
    );
    this.#session.endOfRead();
  }

  /** PONG is a promise too: it is not said before the first round trip through queue and store. */
  async #pong(): Promise<string> {
    while (healthForAskers(this.#context).state === "starting" && !this.#session.isClosed) {
      await delay(READY_POLL_MS, undefined, { ref: false });
    }
    this.#context.askers.asked(this.#context.clock.now());
    const { state, reason } = healthForAskers(this.#context);
    if (state === "ready") return "PONG";
    return state === "draining" ? "DRAINING" : errorLine("unavailable", `not ready: ${reason ?? state}`);
  }

  #fill(slot: Slot, text: string): void {
    slot.text = text;
    let told = 0;
    while (told < this.#slots.length && this.#slots[told]!.text !== null) {
      this.#session.write(this.#slots[told++]!.text!);
    }
    if (told > 0) this.#slots.splice(0, told);
  }
}

function errorLine(code: "unauthorized" | "unavailable", message: string): string {
  return renderInlineError({ code, message });
}
