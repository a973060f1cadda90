import { confirm, isCancel, log, spinner } from "@clack/prompts";
import type { ActionView } from "../protocol/messages.ts";
import { visibleLine } from "../protocol/visible.ts";
import { choose, type Choice } from "./shell-choose.ts";
import type { Crew, Order } from "./shell-crew.ts";
import { askPayload, LEFT, type FormSchema } from "./shell-form.ts";
import type { Say } from "./shell-messages.ts";

const TYPE_LINES = Symbol("type lines");
const LEAVE = Symbol("leave");

/** Round and round: choose an action, fill in its form, see what comes. @returns why it ended. */
export async function openMenu(crew: Crew, say: Say): Promise<"left" | "lines"> {
  for (;;) {
    const actions = await crew.actions();
    const choices: Choice<ActionView | symbol>[] = actions.map((view) => ({
      value: view,
      label: visibleLine(view.action),
      ...(view.description === undefined ? {} : { hint: visibleLine(view.description) }),
    }));
    choices.push({ value: TYPE_LINES, label: say("typeLines"), hint: say("typeLinesHint") });
    choices.push({ value: LEAVE, label: say("leave"), hint: "exit, salir" });
    const chosen = await choose(say("what"), choices, say);
    if (isCancel(chosen) || chosen === LEAVE) return "left";
    if (chosen === TYPE_LINES) return "lines";
    const orders = await fillIn(chosen as ActionView, crew.size, say);
    // Out of a form, back to the menu.
    if (orders === null) continue;
    await show(crew, orders, say);
  }
}

async function fillIn(view: ActionView, count: number, say: Say): Promise<Order[] | null> {
  const { action } = view;
  const schema = view.input as FormSchema | undefined;
  const clients = Array.from({ length: count }, (_, at) => at + 1);
  if (count > 1) {
    const isSame = await confirm({
      message: say("sameForAll", { count }),
      initialValue: true,
      active: say("yes"),
      inactive: say("no"),
    });
    if (isCancel(isSame)) return null;
    if (!isSame) {
      const orders: Order[] = [];
      for (const client of clients) {
        const payload = await askPayload(schema, `${say("forClient", { number: client })} · ${action}`, say);
        if (payload === LEFT) return null;
        orders.push({ client, action, payload });
      }
      return orders;
    }
  }
  const payload = await askPayload(schema, action, say);
  return payload === LEFT ? null : clients.map((client) => ({ client, action, payload }));
}

/** The answers are held until the spinner stands still, or it would write over them. */
async function show(crew: Crew, orders: readonly Order[], say: Say): Promise<void> {
  const spin = spinner({ cancelMessage: say("interrupted"), errorMessage: say("failed") });
  spin.start(say("running"));
  const startedAt = performance.now();
  const lines: string[] = [];
  const isDone = await crew.run(orders, (line) => lines.push(line));
  const took = `${(performance.now() - startedAt).toFixed(1)} ms`;
  if (isDone) spin.stop(`${say("done")} · ${took}`);
  else spin.error(`${say("failed")} · ${took}`);
  log.message(lines.join("\n"));
}
