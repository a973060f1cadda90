export const MIB = 1024 * 1024;

/** Bytes without repetition, a MiB at a time. */
export async function* pattern(size: number, onEach?: () => void): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; at += MIB) {
    const chunk = Buffer.alloc(Math.min(MIB, size - at));
    for (let i = 0; i + 4 <= chunk.length; i += 1024) chunk.writeUInt32LE(at + i, i);
    onEach?.();
    yield chunk;
  }
}
