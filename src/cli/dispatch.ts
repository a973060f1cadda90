/** `tanda VERB …`: finds the verb, reads its flags, runs it, and tells what became of it. */
import { readFileSync } from "node:fs";
import type { Client } from "../client/typed.ts";
import { TandaError } from "../task/errors.ts";
import { readArguments } from "./arguments.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { generalHelp, helpJson, verbHelp } from "./help.ts";
import { tellRefusals } from "./patience.ts";
import { GIVE_TOKEN } from "./phrases.ts";
import { suggest } from "./suggest.ts";
import { Terminal } from "./terminal.ts";
import { loadVerb, VERB_NAMES } from "./verb-table.ts";
import { UsageError, type Verb, type VerbInput } from "./verb.ts";

const CLOSE_WITHIN_MS = 2000;
const DEFAULT_SERVER = "tanda://127.0.0.1:9000";

// `tanda list | head` closes our output early; there is nobody left to tell.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.failed);
});

/** @returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  // Before the flags are read: what is wrong with them must be told in JSON too.
  const terminal = new Terminal(process, args.includes("--json") || args.includes("-j"));
  try {
    return await dispatch(args, terminal);
  } catch (thrown) {
    tellError(thrown, terminal);
    return exitCodeOf(thrown);
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    terminal.say(await generalHelp(terminal));
    return EXIT.usage;
  }
  if (["help", "--help", "-h"].includes(first)) {
    const { words } = readArguments(rest, { name: "help", flags: {} });
    const name = words[0] ?? "help";
    return await help(name === "help" ? null : await findVerb(name), terminal);
  }
  const verb = await findVerb(first === "--version" || first === "-v" ? "version" : first);
  const { words, given } = readArguments(rest, verb);
  if (given.has("help")) return await help(verb, terminal);
  if (words.length < verb.words.min || words.length > verb.words.max) {
    const problem = words.length < verb.words.min ? "something is missing" : tooMuch(verb, words);
    throw new UsageError(`${problem}; usage: tanda ${verb.usage[0]}`);
  }
  await using clients = new AsyncDisposableStack();
  const server = given.text("server") ?? terminal.env["TANDA_SERVER"] ?? DEFAULT_SERVER;
  const token = given.text("token") ?? terminal.env["TANDA_TOKEN"];
  const input: VerbInput = {
    words,
    given,
    terminal,
    server,
    token,
    ca: () => readAuthorities(given.text("ca") ?? terminal.env["TANDA_CA"]),
    async connect(): Promise<Client> {
      // A verb that runs a node has no use for it, and starts sooner.
      const { connect } = await import("../client/client.ts");
      const client = connect(server, {
        token,
        ca: input.ca(),
        reconnectFor: "30s",
        onRefusal: tellRefusals(terminal),
      });
      clients.defer(() => closeSoon(client));
      await client.$.open();
      return client;
    },
  };
  return await verb.run(input);
}

function readAuthorities(file: string | undefined): string | undefined {
  if (file === undefined || file === "") return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--ca: ${(cause as Error).message}`);
  }
}

async function help(verb: Verb | null, terminal: Terminal): Promise<number> {
  if (terminal.isJson) terminal.json(await helpJson(verb));
  else terminal.say(verb === null ? await generalHelp(terminal) : verbHelp(verb, terminal));
  return EXIT.done;
}

function tooMuch(verb: Verb, words: readonly string[]): string {
  const [action, ...rest] = words;
  const problem = `too much: ${words.slice(verb.words.max).join(" ")}`;
  if (verb.usage[0]?.includes("[PAYLOAD]") !== true) return problem;
  const payload = `'${rest.join(" ").replaceAll("'", `'\\''`)}'`;
  return `${problem}; quotes make one payload of it: tanda ${verb.name} ${action} ${payload}`;
}

/** What is still to be said, such as a cancel, has its chance. */
async function closeSoon(client: Client): Promise<void> {
  const timer = setTimeout(() => void client.$.close({ now: true }), CLOSE_WITHIN_MS);
  await client.$.close();
  clearTimeout(timer);
}

async function findVerb(name: string): Promise<Verb> {
  if (VERB_NAMES.includes(name)) return loadVerb(name);
  const meant = suggest(name, VERB_NAMES);
  const more = meant === null ? `is it an action? tanda run ${name}` : `did you mean ${meant}?`;
  throw new UsageError(`unknown verb ${name}; ${more}`);
}

function tellError(thrown: unknown, terminal: Terminal): void {
  const isUsage = thrown instanceof UsageError;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (terminal.isJson) {
    const error =
      thrown instanceof TandaError
        ? thrown.toBody()
        : { code: isUsage ? "bad_request" : codeOf(thrown), message };
    terminal.json({ status: "failed", error });
    return;
  }
  const code = thrown instanceof TandaError ? `${thrown.code}: ` : "";
  terminal.note(`${terminal.styleNote("red", "error:")} ${code}${message.replaceAll("\n", "\n  ")}`);
  const hint = hintOf(thrown);
  if (hint !== undefined) terminal.note(hint);
  if (isUsage) terminal.note("`tanda help` lists what there is, `tanda help VERB` shows examples.");
}

/** The node's own hint is for who writes lines; here the client says `auth`. */
function hintOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof TandaError)) return undefined;
  return thrown.code === "unauthorized" ? GIVE_TOKEN : thrown.hint;
}

/** Not of the wire's table: these happen on this side of it. */
function codeOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.name === "TimeoutError" ? "call_timed_out" : "internal";
}
