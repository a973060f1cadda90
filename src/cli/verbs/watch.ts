import type { WatchFilter } from "../../client/caller.ts";
import type { WatchEvent } from "../../protocol/messages.ts";
import { visibleLine } from "../../protocol/visible.ts";
import { EXIT, exitCodeOfState } from "../exit-code.ts";
import { stateWord } from "../phrases.ts";
import type { Terminal } from "../terminal.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = {
  name: "watch",
  summary: "Shows state changes, progress and log lines as they happen.",
  usage: ["watch [TASK] [FLAGS]"],
  examples: [
    { command: "tanda watch TASK", says: "follows one task until it is over; exits with its outcome" },
    { command: "tanda watch --action resize", says: "all tasks of an action, until Ctrl+C" },
    { command: "tanda watch --json | jq .state", says: "everything, a JSON value on each line" },
  ],
  flags: {
    action: { value: "NAME", says: "only of this action" },
    queue: { value: "NAME", short: "q", says: "only of this queue" },
  },
  words: { min: 0, max: 1 },
  async run({ words, given, terminal, connect }) {
    const client = await connect();
    const filter: WatchFilter = {};
    if (words[0] !== undefined) filter.task = words[0];
    for (const name of ["action", "queue"] as const) {
      const text = given.text(name);
      if (text !== undefined) filter[name] = text;
    }
    let code: number = EXIT.done;
    if (terminal.stderr.isTTY && !terminal.isJson)
      terminal.note(terminal.styleNote("dim", "Watching; Ctrl+C ends."));
    for await (const event of client.$.watch(filter)) {
      if (event.type === "state") code = exitCodeOfState(event.state);
      if (terminal.isJson) terminal.json(event);
      else terminal.say(visibleLine(eventLine(event, terminal)));
      await terminal.drained();
    }
    return code;
  },
};

function eventLine(event: WatchEvent, terminal: Terminal): string {
  const at = terminal.style("dim", new Date(event.at).toISOString().slice(11, 23));
  switch (event.type) {
    case "state": {
      const { view } = event;
      const error = view?.error ? `  ${view.error.code}: ${view.error.message}` : "";
      const result = view?.result === undefined ? "" : `  ${JSON.stringify(view.result)}`;
      return `${at}  ${event.task}  ${event.action}  ${stateWord(event.state, terminal)}${result}${error}`;
    }
    case "progress":
      return `${at}  ${event.task}  progress  ${JSON.stringify(event.progress)}`;
    case "log":
      return `${at}  ${event.task}  ${event.level}  ${event.text}`;
    case "missed":
      return `${at}  ${event.count} events were left out: this end reads too slowly`;
  }
}
