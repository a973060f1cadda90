import type { Client } from "../client/typed.ts";
import type { TaskView } from "../protocol/messages.ts";
import { TandaError } from "../task/errors.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { stateWord } from "./phrases.ts";
import type { VerbInput } from "./verb.ts";

/** Does the same to each task named. One that refuses does not keep the others from it; the first refusal is the exit code. */
export async function forEachTask(
  { words, terminal, connect }: VerbInput,
  act: (client: Client, task: string) => Promise<TaskView | { task: string; deleted: true }>,
): Promise<number> {
  const client = await connect();
  let code: number = EXIT.done;
  for (const task of words) {
    try {
      const answer = await act(client, task);
      if (terminal.isJson) terminal.json(answer);
      else terminal.say(`${task}  ${"state" in answer ? stateWord(answer.state, terminal) : "deleted"}`);
    } catch (thrown) {
      if (!(thrown instanceof TandaError) || thrown.code === "unavailable") throw thrown;
      if (code === EXIT.done) code = exitCodeOf(thrown);
      if (terminal.isJson) terminal.json({ task, status: "failed", error: thrown.toBody() });
      else terminal.note(`${task}  ${terminal.styleNote("red", "error:")} ${thrown.code}: ${thrown.message}`);
    }
  }
  return code;
}
