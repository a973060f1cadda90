/** What is to become of each message that was taken: few may simply run. */
import type { Message } from "../queue/queue.ts";
import type { Doubtful } from "./doubtful.ts";
import { isTooLate } from "./run-of-hand.ts";
import type { Sharing } from "./worker-options.ts";

export type TriageRules = {
  readonly at: number;
  readonly sharing: Pick<Sharing, "isServed"> | null;
  readonly suspects: ReadonlySet<string>;
  readonly doubtful: Doubtful;
};

export type Triage = {
  /** For workers that have their action. */
  readonly aside: Message[];
  readonly late: Message[];
  readonly alone: Message[];
  readonly toClaim: Message[];
  readonly toCheck: Message[];
  readonly ready: Message[];
};

export function triage(
  messages: readonly Message[],
  { at, sharing, suspects, doubtful }: TriageRules,
): Triage {
  const told: Triage = { aside: [], late: [], alone: [], toClaim: [], toCheck: [], ready: [] };
  for (const message of messages) {
    const { spec } = message;
    if (sharing?.isServed(spec.action) === false) told.aside.push(message);
    else if (isTooLate(spec, at)) told.late.push(message);
    else if (message.isSuspect || (suspects.size > 0 && suspects.has(spec.id))) told.alone.push(message);
    else if (message.isRepeat || doubtful.has(spec.id)) told.toClaim.push(message);
    else if (sharing !== null && !message.isRide) told.toCheck.push(message);
    else told.ready.push(message);
  }
  return told;
}
