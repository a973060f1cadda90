/** What a person is told who waits at a terminal: why it takes so long, and after Ctrl+C, that the task goes on. */
import type { Client } from "../client/typed.ts";
import type { Explanation } from "../protocol/messages.ts";
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
    const told = client.$.explain(task, { callTimeout: "5s" }).then(textOf, () => "");
    void told.then((text) => {
      if (!isOver) terminal.note(terminal.styleNote("dim", `Task ${task}${text}. ${LEAVING}`));
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
