/** What the writer and the thread that does its checkpoints tell each other: one number in shared memory, on which either may sleep. */
export const IDLE = 0;
/** Asked of a thread that begins: it takes its time, and nobody waits for it. */
export const BEGINS = 1;
export const ASKED = 2;
export const END = 3;
export const ENDED = 4;

export type CheckpointerData = { readonly path: string; readonly signal: Int32Array };
