/**
 * How the samples of threads are spread over places. Samples are counted, not their times summed: a thread that was pushed aside,
 * or waited for the disk, has one sample at that place however long it took, and what is asked for is processor time.
 */
import type { Profiler } from "node:inspector";
import type { Kind } from "./kinds.ts";
import { placeOf, type Frame } from "./stages.ts";

/** Samples by stage, then by function. */
export type Shares = ReadonlyMap<string, ReadonlyMap<string, number>>;

export function sharesOf(kind: Kind, profiles: readonly Profiler.Profile[]): Shares {
  const shares = new Map<string, Map<string, number>>();
  for (const profile of profiles) {
    const framesOf = ancestry(profile);
    for (const [node, count] of countOf(profile.samples ?? [])) {
      const place = placeOf(kind, framesOf(node));
      if (place === null) continue;
      const stage = shares.get(place.stage) ?? new Map<string, number>();
      shares.set(place.stage, stage);
      stage.set(place.what, (stage.get(place.what) ?? 0) + count);
    }
  }
  return shares;
}

function countOf(samples: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const node of samples) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

/** @returns a node's frames, itself first. */
function ancestry({ nodes }: Profiler.Profile): (node: number) => Frame[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  return (node) => {
    const found: Frame[] = [];
    for (let at: number | undefined = node; at !== undefined; at = parents.get(at))
      found.push(frames.get(at)!);
    return found;
  };
}
