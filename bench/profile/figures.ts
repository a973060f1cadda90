/** What a profile comes to, a figure for each place: `kind > stage > function`, in microseconds a task. They add up. */
import { KINDS, type Kind } from "./kinds.ts";
import type { Costs } from "./processor-time.ts";
import type { Shares } from "./shares.ts";
import { UNSEEN } from "./stages.ts";

const BETWEEN = " > ";
const PLACE = /^(\w+) > (.+) > (.+)$/;

export type Figures = Readonly<Record<string, number>>;
export type PlaceFigure = {
  readonly kind: Kind;
  readonly stage: string;
  readonly what: string;
  readonly us: number;
};

/** Spreads what each kind of thread costs over its places. @param costs a task. */
export function toFigures(costs: Costs, sharesOf: (kind: Kind) => Shares | null): Figures {
  const figures: Record<string, number> = {};
  for (const { kind, title } of KINDS) {
    const put = (stage: string, what: string, us: number): void => {
      figures[[kind, stage, what].join(BETWEEN)] = us;
    };
    const shares = sharesOf(kind);
    const samples = [...(shares?.values() ?? [])].flatMap((stage) => [...stage.values()]);
    const all = samples.reduce((sum, count) => sum + count, 0);
    if (shares === null) put(title, title, costs[kind]);
    else if (all === 0) put(UNSEEN, UNSEEN, costs[kind]);
    else
      for (const [stage, whats] of shares)
        for (const [what, count] of whats) put(stage, what, (costs[kind] * count) / all);
  }
  return figures;
}

export function placesOf(figures: Figures): PlaceFigure[] {
  return Object.entries(figures).flatMap(([name, us]) => {
    const [, kind, stage, what] = PLACE.exec(name) ?? [];
    return what === undefined ? [] : [{ kind: kind as Kind, stage: stage!, what, us }];
  });
}
