/** What a person is told who waits at a terminal: why it takes so long, and after Ctrl+C, that the task goes on. */
import type { Client } from "../client/typed.ts";
import type { Explanation } from "../protocol/messages.ts";
import type { TandaError } from "../task/errors.ts";
import type { Terminal } from "./terminal.ts";

/** Longer than it takes until a task that runs shows as running. */
const QUIET_MS = 1200;
const LEAVING = "Ctrl+C stops waiting; the task goes on.";

export async function waitPatiently<T>(
  client: Client,
  task: string,
  result: Promise<T>,
  terminal: Terminal,
): Promise<T> {
  if (!terminal.stderr.isTTY || terminal.isJson) return await result;
  let isOver = false;
  const timer = setTimeout(() => {
    const told = client.$.explain(task, { callTimeout: "5s" }).then(textOf, () => null);
    void told.then((text) => {
      // What nobody can tell of may not be there either; why it is not told is said elsewhere.
      if (!isOver && text !== null)
        terminal.note(terminal.styleNote("dim", `Task ${task}${text}. ${LEAVING}`));
    });
  }, QUIET_MS);
  const leave = (): void => {
    process.removeListener("SIGINT", leave);
    terminal.note(
      `\nTask ${task} goes on: \`tanda wait ${task}\` waits again, \`tanda cancel ${task}\` stops it.`,
    );
    // As if nobody had caught it: a shell wants to see what ended its command.
    process.kill(process.pid, "SIGINT");
  };
  process.on("SIGINT", leave);
  try {
    return await result;
  } finally {
    isOver = true;
    clearTimeout(timer);
    process.removeListener("SIGINT", leave);
  }
}

function textOf({ reason, text, position }: Explanation): string {
  const isNext = reason === "running" || reason === "final" || (reason === "waiting" && position === 0);
  return isNext ? " is under way" : `: ${text.replace(/\.$/, "")}`;
}

/** What to do with each refusal of what is then asked again: its reason is told once, and again after something was answered. */
export function tellRefusals(terminal: Terminal): ((refusal: TandaError | null) => void) | undefined {
  if (!terminal.stderr.isTTY || terminal.isJson) return undefined;
  const told = new Set<string>();
  let latest = "";
  let timer: NodeJS.Timeout | null = null;
  const tell = (): void => {
    timer = null;
    if (told.has(latest)) return;
    told.add(latest);
    const more = "It is asked again until it is done; Ctrl+C stops waiting.";
    terminal.note(terminal.styleNote("dim", `Refused for now, ${latest}. ${more}`));
  };
  return (refusal) => {
    if (refusal === null) {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      told.clear();
      return;
    }
    latest = `${refusal.code}: ${refusal.message.replace(/\.$/, "")}`;
    if (!told.has(latest)) timer ??= setTimeout(tell, told.size === 0 ? QUIET_MS : 0);
  };
}
