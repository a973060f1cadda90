/** JSON, and what is nearly JSON. */
import type { Dice } from "./dice.ts";
import { NUMBER_TRAPS, STRING_TRAPS } from "./traps.ts";

const WORDS = ["a", "hola", "ñandú", "日本", "😀", "x y", "id", "key", "value"];

export function text(dice: Dice): string {
  if (dice.odds(0.2)) return dice.of(STRING_TRAPS);
  return JSON.stringify(Array.from({ length: dice.size(40) }, () => dice.of(WORDS)).join(""));
}

/** A value, valid most times. */
export function json(dice: Dice, depth = 3): string {
  const kind = dice.below(depth > 0 ? 8 : 5);
  switch (kind) {
    case 0:
      return dice.of(["null", "true", "false"]);
    case 1:
      return String(dice.between(-1000, 1000));
    case 2:
      return dice.of(NUMBER_TRAPS);
    case 3:
    case 4:
      return text(dice);
    case 5:
      return `[${many(dice, () => json(dice, depth - 1))}]`;
    case 6:
      return `{${many(dice, () => `${text(dice)}:${json(dice, depth - 1)}`)}}`;
    default:
      return deepOrWide(dice);
  }
}

function many(dice: Dice, one: () => string): string {
  const between = dice.odds(0.05) ? dice.of([",,", " ", ";", ", "]) : ",";
  return Array.from({ length: dice.size(16) }, one).join(between) + (dice.odds(0.02) ? "," : "");
}

function deepOrWide(dice: Dice): string {
  const depth = dice.of([3, 14, 15, 16, 17, 40, 1000]);
  switch (dice.below(4)) {
    case 0:
      return "[".repeat(depth) + "]".repeat(dice.odds(0.9) ? depth : depth - 1);
    case 1:
      return '{"a":'.repeat(depth) + "1" + "}".repeat(depth);
    case 2: {
      const keys = dice.of([10, 198, 199, 200, 201, 600]);
      return `{${Array.from({ length: keys }, (_, n) => `"k${dice.odds(0.1) ? 0 : n}":0`).join()}}`;
    }
    default:
      return JSON.stringify("[{".repeat(depth));
  }
}

/** An object of named fields, of which some are missing, doubled, of another order or unknown. */
export function fields(dice: Dice, some: readonly (readonly [name: string, value: string])[]): string {
  let chosen = [...some];
  if (dice.odds(0.05)) chosen = chosen.filter(() => dice.odds(0.7));
  if (dice.odds(0.05) && chosen.length > 0) chosen.push(dice.of(chosen));
  if (dice.odds(0.05))
    chosen.push([dice.of(["__proto__", "extra", "constructor", "id", "op"]), json(dice, 1)]);
  if (dice.odds(0.1)) chosen.reverse();
  const space = dice.odds(0.1) ? dice.of([" ", "\t", "  "]) : "";
  return `{${chosen.map(([name, value]) => `${space}"${name}":${space}${value}`).join()}${space}}`;
}
