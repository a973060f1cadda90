import { autocomplete, confirm, isCancel, log, spinner } from "@clack/prompts";
import type { ActionView } from "../protocol/messages.ts";
import type { Crew, Order } from "./shell-crew.ts";
import { askPayload, LEFT, type FormSchema } from "./shell-form.ts";
import type { Say } from "./shell-messages.ts";

const TYPE_LINES = Symbol("type lines");
const LEAVE = Symbol("leave");

/** Round and round: choose an action, fill in its form, see what comes. @returns why it ended. */
export async function openMenu(crew: Crew, say: Say): Promise<"left" | "lines"> {
  for (;;) {
    const actions = await crew.actions();
    const chosen = await autocomplete<ActionView | symbol>({
      message: say("what"),
      maxItems: 12,
      options: [
        ...actions.map((view) => ({
          value: view,
          label: view.action,
          ...(view.description === undefined ? {} : { hint: view.description }),
        })),
        { value: TYPE_LINES, label: say("typeLines"), hint: say("typeLinesHint") },
        { value: LEAVE, label: say("leave"), hint: "exit, salir" },
      ],
    });
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
    const isSame = await confirm({ message: say("sameForAll", { count }), initialValue: true });
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
  const spin = spinner();
  spin.start(say("running"));
  const startedAt = performance.now();
  const lines: string[] = [];
  await crew.run(orders, (line) => lines.push(line));
  spin.stop(`${say("done")} · ${(performance.now() - startedAt).toFixed(1)} ms`);
  log.message(lines.join("\n"));
}
