/** Means of all rounds, as a tree: threads, their stages, the functions of each. What is below adds up to what is above. */
import { spreadOf, type Spread } from "../figures.ts";
import type { Report } from "../report.ts";
import { placesOf, type PlaceFigure } from "./figures.ts";
import { KINDS, type KindOfThread } from "./kinds.ts";

/** Microseconds a task. */
export type Costing = { readonly name: string; readonly us: number };
export type Stage = Costing & { readonly functions: readonly Costing[] };
export type ThreadCosts = KindOfThread & { readonly us: number; readonly stages: readonly Stage[] };
export type Breakdown = {
  readonly us: number;
  /** Of the rounds. */
  readonly spread: Spread;
  readonly clientUs: number;
  readonly connections: number;
  /** Each with its stages, and these with their functions, by what they cost. */
  readonly threads: readonly ThreadCosts[];
};

/** @returns null where nothing was measured. */
export function breakdownOf({ results }: Report): Breakdown | null {
  const spread = spreadOf(results, "W1", "nodeUs");
  if (spread === null) return null;
  const places = results.flatMap(({ figures }) => placesOf(figures));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / results.length;
  const usOf = (some: readonly PlaceFigure[]): number => mean(some.map(({ us }) => us));
  const threads = KINDS.map((kind): ThreadCosts => {
    const own = places.filter((place) => place.kind === kind.kind);
    const stages = grouped(own, ({ stage }) => stage).map(([name, stage]): Stage => {
      const functions = grouped(stage, ({ what }) => what).map(([name, some]) => ({ name, us: usOf(some) }));
      return { name, us: usOf(stage), functions: dearestFirst(functions) };
    });
    return { ...kind, us: usOf(own), stages: dearestFirst(stages) };
  });
  return {
    us: usOf(places),
    spread,
    clientUs: mean(results.map(({ figures }) => figures["clientUs"]!)),
    connections: results[0]!.figures["connections"]!,
    threads,
  };
}

/** A thread that is all of one piece has nothing more to tell than its name. */
export function isWhole({ title, stages }: ThreadCosts): boolean {
  return stages.length === 0 || (stages.length === 1 && stages[0]!.name === title);
}

function grouped(
  places: readonly PlaceFigure[],
  by: (place: PlaceFigure) => string,
): [string, PlaceFigure[]][] {
  return [...Map.groupBy(places, by)];
}

function dearestFirst<T extends Costing>(costs: readonly T[]): T[] {
  return [...costs].sort((a, b) => b.us - a.us);
}
