import { setFlagsFromString } from "node:v8";

/**
 * Where objects of one kind outlive a collection or two, V8 makes all later ones of that kind among the old. What waits is just
 * such a kind when a backlog begins; from then on each task that only passes would lie among the old until a full collection,
 * which is hundreds of MiB on. To be said before the code that makes tasks is compiled; it holds for all threads of the process.
 */
export function tasksDieYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}

/**
 * A full collection costs a node some 30 ms of both a processor of its own and the event loop's turns. V8 begins one when what is new
 * among the old, and outside of its heap, is a fraction of a small heap: beside answers that nobody reads seven times a second.
 */
export function collectSeldom(): void {
  setFlagsFromString("--heap-growing-percent=400");
}
