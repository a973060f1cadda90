/** Which trouble a task gets. The same seed gives the n-th task of an action the same trouble. */
export type Step =
  /** To its end; all but the last of these are as if they had never been told. */
  | "run"
  /** To its end, but the worker hears that it came back: an acknowledgement that was lost. */
  | "lose"
  /** Ended in the middle. */
  | "kill"
  /** Its signal is aborted in the middle, and it is waited for. */
  | "abort";

export type Plan = {
  readonly steps: readonly Step[];
  /** How far into its usual time it is killed or aborted, 0 … 1. */
  readonly at: number;
  /** After which part of what it usually does to the world outside, 0 … 1; 0 = after the first thing. */
  readonly deedAt: number;
  /** `deed`: its process, as soon as it has done something to the world outside. */
  readonly killBy: "thread" | "process" | "deed";
};

/**
 * How long a handler takes, and whether it does anything outside, is known from its second task on. So the first is killed between
 * two whole runs, if at all; the second after the first thing it did, which finds what a handler has done and not noted; then it is by chance.
 * @param ordinal of the task among those of its action, from 0.
 */
export function planOf(seed: number, action: string, ordinal: number): Plan {
  const chance = chanceOf(seed, `${action} ${ordinal}`);
  const at = 0.1 + chance() * 0.8;
  const killBy = (["thread", "process", "deed"] as const)[Math.floor(chance() * 3)]!;
  const deedAt = chance();
  if (ordinal === 0) return { steps: ["lose", "kill", "abort", "run"], at, deedAt, killBy };
  if (ordinal === 1) return { steps: ["kill", "run", "run"], at, deedAt: 0, killBy: "deed" };
  const steps: Step[] = [chance() < 0.5 ? "lose" : "run"];
  if (chance() < 0.4) steps.unshift("kill");
  if (chance() < 0.4) steps.push("kill");
  if (chance() < 0.25) steps.push("abort");
  steps.push("run");
  return { steps, at, deedAt, killBy };
}

/** FNV-1a of the text sets mulberry32 going: small, and the same on every machine. */
function chanceOf(seed: number, text: string): () => number {
  let state = seed ^ 0x811c9dc5;
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0)!, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
