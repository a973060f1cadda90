/** Cuts from an input what it does not need to fail. */
export type Fails = (input: Buffer) => Promise<boolean>;

/** @param withinMs about so long at most: of what hangs each try takes long. @returns the smallest that still failed. */
export async function minimised(input: Buffer, fails: Fails, withinMs: number): Promise<Buffer> {
  let smallest = input;
  const until = performance.now() + withinMs;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && performance.now() < until;) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (shorter.length > 0 && (await fails(shorter))) smallest = shorter;
      else at += size;
    }
  }
  return smallest;
}
