/** Every fault there is. */
import type { Fault } from "../fault.ts";
import { AMNESIA } from "./amnesia.ts";
import { CLOCKS } from "./clock.ts";
import { DISKS } from "./disks.ts";
import { KILLS } from "./kills.ts";
import { LINKS } from "./links.ts";
import { NEVER_READS } from "./never-reads.ts";
import { POISON } from "./poison.ts";
import { REPEATS } from "./repeats.ts";
import { ROLLING } from "./rolling.ts";
import { STANDS } from "./stands.ts";

export const FAULTS: readonly Fault[] = [
  ...KILLS,
  ...STANDS,
  ...LINKS,
  ...DISKS,
  ...CLOCKS,
  ...NEVER_READS,
  ...ROLLING,
  ...AMNESIA,
  ...POISON,
  ...REPEATS,
];
