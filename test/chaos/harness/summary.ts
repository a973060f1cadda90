/** What a run came to: for people, and as JSON. */
import { INVARIANTS, type Invariant, type Verdicts } from "./verdicts.ts";
import type { Struck } from "./nemesis.ts";
import type { Settings } from "./settings.ts";

export type Figures = {
  readonly seconds: number;
  readonly tasks: number;
  readonly accepted: number;
  readonly refused: number;
  readonly sentAgain: number;
  readonly errors: number;
  readonly lost: number;
  readonly recordedTwice: number;
  readonly wrongClient: number;
  readonly failed: number;
  readonly executions: number;
  readonly againPerMillion: number;
  readonly overlapping: number;
  readonly peakMb: { readonly gateway: number; readonly worker: number };
};

export type Recovered = {
  readonly fault: string;
  readonly times: number;
  readonly medianMs: number;
  readonly worstMs: number;
};

export type Summary = {
  readonly settings: Settings;
  readonly passed: boolean;
  readonly figures: Figures;
  readonly recovery: readonly Recovered[];
  readonly invariants: Readonly<Record<string, "holds" | "broken" | "not looked at">>;
  readonly unseen: readonly string[];
};

export function summarize(
  settings: Settings,
  figures: Figures,
  struck: readonly Struck[],
  verdicts: Verdicts,
): Summary {
  const invariants = Object.fromEntries(
    (Object.keys(INVARIANTS) as Invariant[]).map((name) => [name, stateOf(verdicts, name)]),
  );
  return {
    settings,
    passed: !verdicts.isBroken,
    figures,
    recovery: recoveryOf(struck),
    invariants,
    unseen: verdicts.unseen,
  };
}

function stateOf(verdicts: Verdicts, name: Invariant): "holds" | "broken" | "not looked at" {
  if (verdicts.brokenOf(name).count > 0) return "broken";
  return verdicts.isChecked(name) ? "holds" : "not looked at";
}

function recoveryOf(struck: readonly Struck[]): Recovered[] {
  const byName = new Map<string, number[]>();
  for (const { name, recoveredMs } of struck) byName.set(name, [...(byName.get(name) ?? []), recoveredMs]);
  return [...byName].map(([fault, all]) => {
    const sorted = all.sort((a, b) => a - b);
    return {
      fault,
      times: sorted.length,
      medianMs: sorted[Math.floor(sorted.length / 2)]!,
      worstMs: sorted.at(-1)!,
    };
  });
}

export function print({ settings, figures, recovery, invariants, unseen, passed }: Summary): void {
  const say = (count: number): string => count.toLocaleString("en");
  const seconds = (ms: number): string => (ms / 1000).toFixed(1).padStart(8);
  console.log(
    `\nSeed ${settings.seed}, ${say(figures.seconds)} s${settings.bug ? `, with the bug ${settings.bug}` : ""}`,
  );
  const lines: [string, string][] = [
    ["tasks sent", say(figures.tasks)],
    ["accepted or answered", say(figures.accepted)],
    ["refused, and not kept", say(figures.refused)],
    ["outcome unknown, sent again", say(figures.sentAgain)],
    ["errors that a customer saw", say(figures.errors)],
    ["given up: lost hosts too often", say(figures.failed)],
    ["accepted and lost", say(figures.lost)],
    ["recorded twice", say(figures.recordedTwice)],
    ["answered to the wrong client", say(figures.wrongClient)],
    ["run again, of a million tasks", say(figures.againPerMillion)],
    ["runs of one task at once", say(figures.overlapping)],
    ["most memory, MB", `gateway ${figures.peakMb.gateway}, worker ${figures.peakMb.worker}`],
  ];
  for (const [what, count] of lines) console.log(`  ${what.padEnd(34)} ${count}`);
  console.log(`\n  ${"fault".padEnd(24)} times  median s   worst s`);
  for (const { fault, times, medianMs, worstMs } of recovery)
    console.log(
      `  ${fault.padEnd(24)} ${String(times).padStart(5)}  ${seconds(medianMs)}  ${seconds(worstMs)}`,
    );
  console.log("");
  for (const [name, state] of Object.entries(invariants))
    console.log(`  ${name}  ${state.padEnd(14)} ${INVARIANTS[name as Invariant]}`);
  for (const text of unseen) console.log(`  not seen: ${text}`);
  console.log(
    passed
      ? "\nAll invariants hold."
      : `\nFAILED. Again: npm run chaos -- --set ${settings.set} --seed ${settings.seed}`,
  );
}
