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
import type { Say } from "./shell-messages.ts";
import { suggest } from "./suggest.ts";

export type Order = { readonly client: number; readonly action: string; readonly payload: unknown };

export class Crew {
  readonly #clients: readonly Client[];
  readonly #say: Say;
  readonly #write: (line: string) => void;
  #actions: readonly ActionView[] = [];

  constructor(clients: readonly Client[], say: Say, write: (line: string) => void) {
    this.#clients = clients;
    this.#say = say;
    this.#write = write;
  }

  get size(): number {
    return this.#clients.length;
  }

  async actions(): Promise<readonly ActionView[]> {
    this.#actions = await this.#clients[0]!.$.actions();
    return this.#actions;
  }

  /** One line as it was typed. @returns false when it says goodbye. */
  async obey(line: string): Promise<boolean> {
    const match = /^\s*(\d+):\s*(.*)$/s.exec(line);
    const only = match ? Number(match[1]) : null;
    const request = parseInline(match ? match[2]! : line);
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
        this.#write((await this.#clients[0]!.$.ping()).state);
        return true;
      case "auth":
        return true;
      case "run":
        break;
    }
    if (only !== null && (only < 1 || only > this.size)) {
      this.#write(this.#say("noClient", { number: only, count: this.size }));
      return true;
    }
    const { action, rest } = request;
    const known = await this.#find(action);
    const payload = rest === "" && !takesText(known?.input) ? undefined : parsed(rest, known);
    const clients = only === null ? this.#clients.map((_, at) => at + 1) : [only];
    await this.run(clients.map((client) => ({ client, action, payload })));
    return true;
  }

  /** All at once; each answer is written when it comes. */
  async run(orders: readonly Order[], write = this.#write): Promise<void> {
    await Promise.all(
      orders.map(async ({ client, action, payload }) => {
        const label = this.size === 1 ? "" : `${this.#say("client", { number: client })}: `;
        try {
          const result = await this.#clients[client - 1]!.$.run(action, payload);
          write(label + renderInline(JSON.stringify(result)));
        } catch (thrown) {
          const error = toTandaError(thrown);
          write(label + renderInlineError(error.toBody()));
          if (error.code === "unknown_action") this.#hint(action, write);
        }
      }),
    );
  }

  async #find(action: string): Promise<ActionView | undefined> {
    const known = this.#actions.find((one) => one.action === action);
    return known ?? (await this.actions()).find((one) => one.action === action);
  }

  #hint(action: string, write: (line: string) => void): void {
    const meant = suggest(
      action,
      this.#actions.map((one) => one.action),
    );
    if (meant !== null) write(this.#say("didYouMean", { action: meant }));
  }
}

function parsed(rest: string, known: ActionView | undefined): unknown {
  return JSON.parse(inlinePayload(rest, takesText(known?.input))) as unknown;
}
