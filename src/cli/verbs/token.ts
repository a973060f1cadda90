import { openTokens, type TokenPlace } from "../../node/open-tokens.ts";
import { parseBytes } from "../../node/bytes.ts";
import { refusePassword } from "../../node/sharing-flags.ts";
import type { TokenView } from "../../protocol/access.ts";
import { checkWish, SCOPE_WORDS, USUAL_WORDS } from "../../protocol/scopes.ts";
import { type TokenWish } from "../../protocol/token-wish.ts";
import { EXIT } from "../exit-code.ts";
import { suggest } from "../suggest.ts";
import { saySecret, showTokens } from "../token-view.ts";
import { UsageError, type Given, type Verb, type VerbInput } from "../verb.ts";

const WORDS = ["create", "list", "revoke"] as const;

export const verb: Verb = {
  name: "token",
  summary: "Makes, lists and revokes tokens: what a browser, a phone or a program may do, and how long.",
  usage: ["token create [--actions NAMES] [--rate 10/s] [--expires 7d] …", "token list", "token revoke ID"],
  examples: [
    {
      command: "tanda token create --actions upper,resize --max-bytes 4k --rate 10/s --expires 7d",
      says: "for a browser or a phone: sends these two, and sees what becomes of its own tasks",
    },
    { command: "tanda token create --all --name ops", says: "one that may do all" },
    {
      command: "tanda token create --ops stats,queues,metrics --name monitoring",
      says: "looks, and does nothing",
    },
    { command: "tanda token create --all --data data", says: "the first one, before the node is started" },
    { command: "tanda token list", says: "what there is, without secrets" },
    { command: "tanda token revoke 3f9c2a71b04d", says: "over within seconds, on open connections too" },
  ],
  notes: [
    "Without --data and --store a running node is asked (--server, with a token that may do all). With --data no node may run on that folder.",
    "A secret is shown once and kept nowhere: Tanda keeps its hash.",
    `--ops are of: ${SCOPE_WORDS.join(", ")}. Without --ops: ${USUAL_WORDS.join(", ")}.`,
    "A name that ends in * stands for all that begin so; quote it, or the shell takes it.",
  ],
  flags: {
    name: { value: "NAME", says: "what it is for; shown in lists and in the audit log" },
    all: { says: "it may do all that can be done" },
    actions: { value: "NAMES", says: "actions it may submit, with commas between (all)" },
    queues: { value: "NAMES", says: "queues it may use (all)" },
    ops: { value: "OPS", says: "what it may do, with commas between" },
    "max-bytes": { value: "SIZE", says: "largest payload, and largest blob" },
    rate: { value: "N/TIME", says: "submissions: 10/s, 100/m, 5/10s; more are busy until there is room" },
    own: { says: "sees its own tasks alone; that is the default" },
    "not-own": { says: "sees the tasks of others, too" },
    expires: { value: "TIME", says: "how long it lives: 12h, 7d (for ever)" },
    data: { value: "DIR", says: "data folder of a node that does not run" },
    store: { value: "URL", says: "store in PostgreSQL: postgres://USER@HOST:PORT/DATABASE?schema=tanda" },
  },
  words: { min: 1, max: 2 },
  async run(input) {
    const { words, given, terminal } = input;
    const [word, id] = words;
    const op = WORDS.find((one) => one === word);
    if (op === undefined) {
      const meant = suggest(word!, WORDS);
      throw new UsageError(`unknown: token ${word}${meant === null ? "" : `; did you mean token ${meant}?`}`);
    }
    if (op === "revoke" && id === undefined) throw new UsageError("which one? tanda token revoke ID");
    if (op !== "revoke" && id !== undefined) throw new UsageError(`too much: ${id}`);
    // What is wrong with it is told before anybody is asked.
    const wish = op === "create" ? wishOf(given) : null;
    await using at = await keeperOf(input, op === "create");
    if (wish !== null) {
      const created = await at.create(wish);
      if (terminal.isJson) terminal.json(created);
      else saySecret(created, terminal);
      return EXIT.done;
    }
    const told = op === "list" ? await at.list() : [await at.revoke(id!)];
    if (terminal.isJson) terminal.json(op === "list" ? told : told[0]);
    else showTokens(told, terminal);
    return EXIT.done;
  },
};

/** @throws bad_request, UsageError */
function wishOf(given: Given): TokenWish {
  if (given.has("own") && given.has("not-own")) throw new UsageError("--own and --not-own: which one?");
  const list = (name: string): string[] | undefined =>
    given
      .text(name)
      ?.split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "");
  const own = given.has("own") ? true : given.has("not-own") ? false : undefined;
  const size = given.text("max-bytes");
  const wish = {
    name: given.text("name"),
    all: given.has("all") ? true : undefined,
    actions: list("actions"),
    queues: list("queues"),
    ops: list("ops"),
    maxBytes: size === undefined ? undefined : parseBytes(size, "--max-bytes"),
    rate: given.text("rate"),
    own,
    expires: given.text("expires"),
  };
  return checkWish(Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)));
}

type Keeper = AsyncDisposable & {
  create(wish: TokenWish): ReturnType<import("../../client/typed.ts").General["createToken"]>;
  list(): Promise<TokenView[]>;
  revoke(id: string): Promise<TokenView>;
};

/** A node that runs, or the store itself. */
async function keeperOf(input: VerbInput, isNew: boolean): Promise<Keeper> {
  const place = placeOf(input);
  if (place === null) {
    const { $ } = await input.connect();
    return {
      create: (wish) => $.createToken(wish),
      list: () => $.tokens(),
      revoke: (id) => $.revokeToken(id),
      async [Symbol.asyncDispose]() {},
    };
  }
  const opened = await openTokens(place, input.terminal.env, isNew);
  const { tokens, audit } = opened;
  const by = { who: "command", name: null, from: "", outcome: "ok" };
  return {
    async create(wish) {
      const created = await tokens.create(wish);
      audit.add({ ...by, act: "create_token", target: created.token });
      return created;
    },
    list: () => tokens.all(),
    async revoke(id) {
      const revoked = await tokens.revoke(id);
      audit.add({ ...by, act: "revoke_token", target: revoked.token });
      return revoked;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function placeOf({ given }: VerbInput): TokenPlace | null {
  const [store, data] = [given.text("store"), given.text("data")];
  if (store !== undefined && data !== undefined) throw new UsageError("--store and --data: which one?");
  if (store !== undefined) {
    refusePassword("store", store);
    return { store };
  }
  return data === undefined ? null : { data };
}
