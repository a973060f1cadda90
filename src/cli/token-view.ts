/** Tokens as a person reads them. */
import type { CreatedToken, TokenView } from "../protocol/access.ts";
import { USUAL_WORDS } from "../protocol/scopes.ts";
import { ago, bytes } from "./phrases.ts";
import { showTable } from "./table.ts";
import type { Style, Terminal } from "./terminal.ts";

const COLOURS: Readonly<Record<TokenView["state"], Style>> = {
  live: "green",
  expired: "gray",
  revoked: "gray",
};

export function showTokens(tokens: readonly TokenView[], terminal: Terminal): void {
  const now = Date.now();
  showTable(
    terminal,
    [
      { title: "TOKEN", cell: ({ token }) => token },
      { title: "NAME", cell: ({ name }) => name ?? null },
      { title: "STATE", cell: ({ state }) => terminal.style(COLOURS[state], state) },
      { title: "MAY", cell: scopeText },
      { title: "MADE", cell: ({ createdAt }) => ago(createdAt, now) },
      { title: "EXPIRES", cell: ({ expiresAt }) => (expiresAt === undefined ? null : ago(expiresAt, now)) },
    ],
    tokens,
    "No tokens.",
  );
}

/** The secret alone on standard output, so that a script can take it; what a person has to know beside it. */
export function saySecret(created: CreatedToken, terminal: Terminal): void {
  const { token, secret, expiresAt } = created;
  const until = expiresAt === undefined ? "" : `, until ${new Date(expiresAt).toISOString()}`;
  terminal.note(`Token ${token} may: ${scopeText(created)}${until}.`);
  terminal.note("This is the only time it is shown; Tanda keeps its hash alone:");
  terminal.say(secret);
  terminal.note(`End it with: tanda token revoke ${token}`);
}

function scopeText({ all, actions, queues, ops = [], maxBytes, rate, own }: TokenView): string {
  if (all === true) return "all";
  const isUsual = ops.length === USUAL_WORDS.length && USUAL_WORDS.every((word) => ops.includes(word));
  return [
    isUsual ? "use" : ops.join(","),
    ...(actions === undefined ? [] : [`actions ${actions.join(",")}`]),
    ...(queues === undefined ? [] : [`queues ${queues.join(",")}`]),
    ...(maxBytes === undefined ? [] : [`up to ${bytes(maxBytes)}`]),
    ...(rate === undefined ? [] : [rate]),
    own === false ? "tasks of all" : "own tasks",
  ].join("; ");
}
