/** The clients of one shell: each has its own connection, all send at once, and what comes back says whose it is. */
import type { Client } from "../client/typed.ts";
import {
  inlinePayload,
  parseInline,
  renderInline,
  renderInlineError,
  takesText,
} from "../protocol/inline.ts";
import type { ActionView } from "../protocol/messages.ts";
import { toTandaError } from "../task/errors.ts";
import { obeyJson, parseJsonOrder, type JsonOrder, type OpOrder } from "./shell-json.ts";
import type { Say } from "./shell-messages.ts";
import { suggest } from "./suggest.ts";

export type Order = { readonly client: number; readonly action: string; readonly payload: unknown };

export class Crew {
  readonly #clients: readonly Client[];
  readonly #say: Say;
  readonly #write: (line: string) => void;
  #actions: readonly ActionView[] = [];
  #hasFailed = false;

  constructor(clients: readonly Client[], say: Say, write: (line: string) => void) {
    this.#clients = clients;
    this.#say = say;
    this.#write = write;
  }

  get size(): number {
    return this.#clients.length;
  }

  /** Whether anything that was asked for did not come. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  async actions(): Promise<readonly ActionView[]> {
    this.#actions = await this.#clients[0]!.$.actions();
    return this.#actions;
  }

  /** One line as it was typed. @returns false when it says goodbye. */
  async obey(line: string): Promise<boolean> {
    const match = /^\s*(\d+):\s*(.*)$/s.exec(line);
    const only = match ? Number(match[1]) : null;
    const order = match ? match[2]! : line;
    const json = parseJsonOrder(order);
    if (json !== null) {
      if (json === "odd") this.#complain(this.#say("noJson"));
      else if ("op" in json) this.#complain(this.#sayOp(json));
      else if (this.#isThere(only)) await this.#obeyJson(json, only);
      return true;
    }
    const request = parseInline(order.trim() === "ayuda" ? "help" : order);
    if (request === null) return true;
    switch (request.type) {
      case "bye":
        return false;
      case "help":
        this.#write(this.#say("help"));
        return true;
      case "actions":
        for (const { action, description } of await this.actions()) {
          this.#write(`${action}${description === undefined ? "" : `  ${description}`}`);
        }
        return true;
      case "ping":
        this.#write(await this.#pong());
        return true;
      case "auth":
        return true;
      case "run":
        break;
    }
    if (!this.#isThere(only)) return true;
    const { action, rest } = request;
    const known = await this.#find(action);
    const payload = rest === "" && !takesText(known?.input) ? undefined : parsed(rest, known);
    await this.run(this.#meant(only).map((client) => ({ client, action, payload })));
    return true;
  }

  /** All at once; each answer is written when it comes. @returns whether all were done. */
  async run(orders: readonly Order[], write = this.#write): Promise<boolean> {
    let isDone = true;
    await Promise.all(
      orders.map(async ({ client, action, payload }) => {
        const label = this.#label(client);
        try {
          const result = await this.#clients[client - 1]!.$.run(action, payload);
          write(label + renderInline(JSON.stringify(result)));
        } catch (thrown) {
          isDone = false;
          this.#hasFailed = true;
          const error = toTandaError(thrown).toBody();
          const told = error.code === "unknown_action" ? { ...error, ...this.#unknown(action) } : error;
          write(label + renderInlineError(told));
        }
      }),
    );
    return isDone;
  }

  async #obeyJson(order: JsonOrder, only: number | null): Promise<void> {
    await Promise.all(
      this.#meant(only).map(async (number) => {
        const { reply, isDone } = await obeyJson(this.#clients[number - 1]!, order);
        if (!isDone) this.#hasFailed = true;
        this.#write(this.#label(number) + reply);
      }),
    );
  }

  /** The words of the lines that `nc` gets. */
  async #pong(): Promise<string> {
    const { state, reason } = await this.#clients[0]!.$.ping();
    if (state === "ready") return "PONG";
    this.#hasFailed = true;
    if (state === "draining") return "DRAINING";
    return renderInlineError({ code: "unavailable", message: `not ready: ${reason ?? state}` });
  }

  #sayOp({ op, verb }: OpOrder): string {
    return verb === null ? this.#say("opByLine", { op }) : this.#say("opByVerb", { op, verb });
  }

  #isThere(only: number | null): boolean {
    if (only === null || (only >= 1 && only <= this.size)) return true;
    this.#complain(this.#say("noClient", { number: only, count: this.size }));
    return false;
  }

  #meant(only: number | null): number[] {
    return only === null ? this.#clients.map((_, at) => at + 1) : [only];
  }

  #label(client: number): string {
    return this.size === 1 ? "" : `${this.#say("client", { number: client })}: `;
  }

  #complain(text: string): void {
    this.#hasFailed = true;
    this.#write(text);
  }

  async #find(action: string): Promise<ActionView | undefined> {
    const known = this.#actions.find((one) => one.action === action);
    return known ?? (await this.actions()).find((one) => one.action === action);
  }

  /** In the person's language, with what was probably meant. */
  #unknown(action: string): { message: string; hint: string } {
    const meant = suggest(
      action,
      this.#actions.map((one) => one.action),
    );
    const hint = meant === null ? this.#say("actionsHint") : this.#say("didYouMean", { action: meant });
    return { message: this.#say("unknownAction", { action }), hint };
  }
}

function parsed(rest: string, known: ActionView | undefined): unknown {
  return JSON.parse(inlinePayload(rest, takesText(known?.input))) as unknown;
}
