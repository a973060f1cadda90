import { connect as connectClient } from "../../client/client.ts";
import { EXIT } from "../exit-code.ts";
import { readLines } from "../read-lines.ts";
import { Crew } from "../shell-crew.ts";
import { LANGUAGES, languageOf, speak, type Say } from "../shell-messages.ts";
import type { Terminal } from "../terminal.ts";
import { UsageError, type Verb } from "../verb.ts";

const MOST_CLIENTS = 100;

export const verb: Verb = {
  name: "shell",
  summary: "A menu of the actions with a form for each, and a prompt; in English or Spanish.",
  usage: ["shell [FLAGS]"],
  examples: [
    { command: "tanda shell", says: "choose, fill in, see the result; exit or salir ends it" },
    {
      command: "tanda shell --clients 3",
      says: "three clients at once; “2: upper hola” sends from the second alone",
    },
    {
      command: "echo 'upper hola' | tanda shell",
      says: "without a terminal it reads lines, as nc sends them",
    },
    { command: "tanda shell --lang es", says: "en español" },
  ],
  flags: {
    clients: { value: "N", short: "c", says: "how many at once, each with its own connection (1)" },
    lang: {
      value: "LANGUAGE",
      says: `${[...LANGUAGES.keys()].join(" or ")}; else by LC_ALL, LC_MESSAGES or LANG`,
    },
    lines: { says: "no menu, only the prompt" },
  },
  notes: [
    "A line is ACTION PAYLOAD, a JSON request with an action, PING, actions, help or exit; other ops are verbs of their own.",
    "Without a terminal the exit code is 1 when any line failed.",
  ],
  words: { min: 0, max: 0 },
  async run({ given, terminal, server, token, ca, connect }) {
    const language = given.text("lang") ?? languageOf(terminal.env);
    if (!LANGUAGES.has(language)) {
      throw new UsageError(`--lang is one of ${[...LANGUAGES.keys()].join(", ")}, not ${language}`);
    }
    const count = given.count("clients", 1) ?? 1;
    if (count > MOST_CLIENTS) throw new UsageError(`--clients is at most ${MOST_CLIENTS}`);
    const clients = [await connect()];
    await using opened = new AsyncDisposableStack();
    while (clients.length < count) {
      const client = opened.use(connectClient(server, { token, ca: ca(), reconnectFor: "30s" }));
      await client.$.open();
      clients.push(client);
    }
    const say = speak(language);
    const crew = new Crew(clients, say, (line) => terminal.say(line));
    // Awaited here: what this function opened is closed when it returns.
    if (!terminal.isInteractive) return await readAll(crew, terminal);
    terminal.say(say("welcome", { server }));
    if (count > 1) terminal.say(say("clients", { count }));
    if (!given.has("lines")) {
      const { openMenu } = await import("../shell-menu.ts");
      if ((await openMenu(crew, say)) === "left") {
        terminal.say(say("goodbye"));
        return EXIT.done;
      }
    }
    await prompt(crew, say, terminal);
    terminal.say(say("goodbye"));
    return EXIT.done;
  },
};

/** Answers come in the order of the lines. */
async function readAll(crew: Crew, terminal: Terminal): Promise<number> {
  for await (const lines of readLines(terminal.stdin)) {
    for (const line of lines) {
      if (!(await crew.obey(line))) return exitCode(crew);
      await terminal.drained();
    }
  }
  return exitCode(crew);
}

function exitCode(crew: Crew): number {
  return crew.hasFailed ? EXIT.failed : EXIT.done;
}

async function prompt(crew: Crew, say: Say, terminal: Terminal): Promise<void> {
  const { createInterface } = await import("node:readline/promises");
  terminal.say(say("welcomeLines"));
  using lines = createInterface({ input: terminal.stdin, output: terminal.stdout, prompt: "tanda> " });
  lines.prompt();
  for await (const line of lines) {
    if (!(await crew.obey(line))) return;
    lines.prompt();
  }
}
