/** Which tasks were chosen: some of those that are shown, or all that match the filter, also what comes while one looks. */
export type Choice = ReadonlySet<string> | "all";

export const NONE: Choice = new Set();

export function isNone(choice: Choice): boolean {
  return choice !== "all" && choice.size === 0;
}

export function isChosen(choice: Choice, task: string): boolean {
  return choice === "all" || choice.has(task);
}
