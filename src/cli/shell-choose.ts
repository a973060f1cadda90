/** A list to choose from, by arrows or by typing a part of a name, in the person's language: clack's own says English words. */
import { styleText } from "node:util";
import { AutocompletePrompt } from "@clack/core";
import { limitOptions, S_BAR, S_BAR_END, S_RADIO_ACTIVE, S_RADIO_INACTIVE, symbol } from "@clack/prompts";
import type { Say } from "./shell-messages.ts";

export type Choice<Value> = { readonly value: Value; readonly label: string; readonly hint?: string };

/** @returns what was chosen; clack's symbol when the person wants out. */
export async function choose<Value>(
  message: string,
  choices: readonly Choice<Value>[],
  say: Say,
): Promise<Value | symbol> {
  const prompt = new AutocompletePrompt<Choice<Value>>({
    options: [...choices],
    filter: (typed, choice) => isMatch(typed, choice),
    // Enter where nothing matches would choose nothing.
    validate: (value) => (value === undefined ? say("chooseOne") : undefined),
    render() {
      return render(this, message, say);
    },
  });
  return (await prompt.prompt()) as Value | symbol;
}

const MOST_SHOWN = 12;

type Shown<Value> = Pick<
  AutocompletePrompt<Choice<Value>>,
  | "state"
  | "error"
  | "cursor"
  | "filteredOptions"
  | "focusedValue"
  | "isNavigating"
  | "options"
  | "selectedValues"
  | "userInput"
  | "userInputWithCursor"
>;

function render<Value>(prompt: Shown<Value>, message: string, say: Say): string {
  const { state, options, filteredOptions: matches, userInput } = prompt;
  const head = [styleText("gray", S_BAR), `${symbol(state)}  ${message}`];
  const quiet = `${styleText("gray", S_BAR)}  `;
  if (state === "submit") {
    const chosen = options.find((choice) => prompt.selectedValues.includes(choice.value));
    return [...head, `${quiet}${styleText("dim", chosen?.label ?? "")}`].join("\n");
  }
  if (state === "cancel")
    return [...head, `${quiet}${styleText(["strikethrough", "dim"], userInput)}`].join("\n");
  const colour = state === "error" ? "yellow" : "cyan";
  const bar = `${styleText(colour, S_BAR)}  `;
  const typed = prompt.isNavigating ? styleText("dim", userInput) : prompt.userInputWithCursor;
  const of = { count: matches.length, total: options.length };
  const found = matches.length === options.length ? "" : styleText("dim", ` (${say("matches", of)})`);
  const above = [...head, `${bar}${styleText("dim", say("search"))} ${typed}${found}`];
  if (state === "error") above.push(`${bar}${styleText("yellow", prompt.error)}`);
  else if (matches.length === 0) above.push(`${bar}${styleText("yellow", say("noMatch"))}`);
  const below = [`${bar}${styleText("dim", say("keys"))}`, styleText(colour, S_BAR_END)];
  const style = (choice: Choice<Value>, isActive: boolean): string => {
    if (!isActive) return `${styleText("dim", S_RADIO_INACTIVE)} ${styleText("dim", choice.label)}`;
    const hint = choice.hint === undefined ? "" : styleText("dim", ` (${choice.hint})`);
    return `${styleText("green", S_RADIO_ACTIVE)} ${choice.label}${hint}`;
  };
  const rowPadding = above.length + below.length;
  const list =
    matches.length === 0
      ? []
      : limitOptions({
          options: matches,
          cursor: prompt.cursor,
          columnPadding: 3,
          rowPadding,
          maxItems: MOST_SHOWN,
          style,
        });
  return [...above, ...list.map((line) => bar + line), ...below].join("\n");
}

function isMatch(typed: string, { label, hint }: Choice<unknown>): boolean {
  return `${label}\n${hint ?? ""}`.toLowerCase().includes(typed.toLowerCase());
}
