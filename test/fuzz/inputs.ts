/** The inputs of a run: each is told by seed, kind and number, half of them spoilt. */
import { diceFor, type Dice } from "./dice.ts";
import { httpInput } from "./grammar-http.ts";
import { inlineInput, linesInput } from "./grammar-lines.ts";
import { proxyInput } from "./grammar-proxy.ts";
import { websocketInput } from "./grammar-websocket.ts";
import { mutate } from "./mutate.ts";
import { parcelInput } from "./parcels.ts";
import { rowInput } from "./rows.ts";

export const KINDS = ["parsers", "lines", "inline", "http", "websocket", "proxy", "parcels", "rows"] as const;
export type Kind = (typeof KINDS)[number];

type Grammar = (dice: Dice) => Buffer;
const ALL: readonly Grammar[] = [linesInput, inlineInput, httpInput, websocketInput, proxyInput];
const GRAMMARS: Readonly<Record<Kind, Grammar>> = {
  parsers: (dice) => dice.of(ALL)(dice),
  lines: linesInput,
  inline: inlineInput,
  http: httpInput,
  websocket: websocketInput,
  proxy: proxyInput,
  parcels: parcelInput,
  rows: rowInput,
};

/** @param corpus kept inputs of this kind, of which some begin from one. */
export function inputOf(seed: number, kind: Kind, index: number, corpus: readonly Buffer[]): Buffer {
  const dice = diceFor(seed, kind, index);
  const base = corpus.length > 0 && dice.odds(0.1) ? dice.of(corpus) : GRAMMARS[kind](dice);
  if (dice.odds(0.45)) return base;
  return mutate(base, dice, [...corpus.slice(0, 50), GRAMMARS[kind](dice)]);
}
