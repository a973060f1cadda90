/** All that a queue behind a network tells. */
import type { Message } from "../../src/queue/queue.ts";
import { queueOf, type RemoteLane } from "../../src/queue/remote-lane.ts";
import type { UnreadableParcel } from "../../src/queue/remote-queue.ts";

export class Told {
  readonly unpublished: { id: string; why: string }[] = [];
  readonly blocked: (string | null)[] = [];
  readonly unreadable: UnreadableParcel[] = [];
  readonly lost: string[] = [];
  ridesLost = 0;
  readonly troubles: string[] = [];

  readonly observer = {
    unpublished: (messages: readonly Message[], why: string): void => {
      this.unpublished.push(...messages.map(({ spec }) => ({ id: spec.id, why })));
    },
    blocked: (reason: string | null): void => void this.blocked.push(reason),
    unreadable: (what: UnreadableParcel): void => void this.unreadable.push(what),
    queueLost: (lane: RemoteLane): void => void this.lost.push(queueOf(lane)),
    ridesLost: (): void => void this.ridesLost++,
    trouble: (error: unknown): void => void this.troubles.push(String(error)),
  };
}
