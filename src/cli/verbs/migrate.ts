import { migrateStore } from "../../node/migrate-store.ts";
import { refusePassword } from "../../node/sharing-flags.ts";
import { EXIT } from "../exit-code.ts";
import { suggest } from "../suggest.ts";
import { UsageError, type Verb } from "../verb.ts";

const WORDS = ["up", "status"] as const;

export const verb: Verb = {
  name: "migrate",
  summary: "Upgrades the tables of a PostgreSQL store, or tells their version.",
  usage: ["migrate up [--store URL]", "migrate status [--store URL]"],
  examples: [
    {
      command: "tanda migrate status --store postgres://tanda@db/tanda",
      says: "which version the tables are, and which this program knows",
    },
    {
      command: "PGPASSWORD=… TANDA_STORE=postgres://tanda@db/tanda tanda migrate up",
      says: "makes the tables, or brings them up to date; nothing of it where they are",
    },
  ],
  notes: [
    "A node does the same when it starts; of several that start at once one does it and the others wait.",
    "`status` exits with 1 when there is something to upgrade, or a newer Tanda has been there.",
    "A password in --store is refused, since `ps` would show it: PGPASSWORD, ?passwordFile=FILE in the URL, or the whole URL in TANDA_STORE.",
  ],
  flags: {
    store: {
      value: "URL",
      says: "the store, also TANDA_STORE: postgres://USER@HOST:PORT/DATABASE?schema=tanda",
    },
  },
  words: { min: 1, max: 1 },
  async run({ words, given, terminal }) {
    const word = WORDS.find((one) => one === words[0]);
    if (word === undefined) {
      const meant = suggest(words[0]!, WORDS);
      const more = meant === null ? `it is ${WORDS.join(" or ")}` : `did you mean migrate ${meant}?`;
      throw new UsageError(`unknown: migrate ${words[0]}; ${more}`);
    }
    const typed = given.text("store");
    if (typed !== undefined) refusePassword("store", typed);
    const url = typed ?? terminal.env["TANDA_STORE"];
    if (url === undefined || url === "") throw new UsageError("which store? --store URL, or TANDA_STORE");
    const { schema, version, newest } = await migrateStore(url, terminal.env, word === "status");
    const isDone = word === "up" || version === newest;
    if (terminal.isJson)
      terminal.json({ schema, version: word === "up" ? newest : version, newest, from: version });
    else if (word === "up" && version < newest) terminal.say(`${schema}: version ${version} → ${newest}`);
    else terminal.say(`${schema}: version ${version}, ${stand(version, newest)}`);
    return isDone ? EXIT.done : EXIT.failed;
  },
};

function stand(version: number, newest: number): string {
  if (version === newest) return "up to date";
  return version < newest
    ? `this program brings it to ${newest}: tanda migrate up`
    : `newer than this program, which knows ${newest}`;
}
