/** Ctrl+C, or SIGTERM: everything that was started is ended, last first, and then the run. Once more ends it at once. */

/** npm passes on a Ctrl+C that the terminal has sent to all of us: the same one comes twice. */
const SAME_WITHIN_MS = 1000;
const open = new Set<Promise<AsyncDisposable>>();
let interruptedAt: number | null = null;

/** @returns what was started, which is ended once: by whoever has it, or by an interruption, also of its start. */
export async function endedOnInterruption<T extends AsyncDisposable>(starting: Promise<T>): Promise<T> {
  open.add(starting);
  try {
    const resource = await starting;
    const end = resource[Symbol.asyncDispose].bind(resource);
    let ended: PromiseLike<void> | undefined;
    const once = (): PromiseLike<void> => {
      open.delete(starting);
      return (ended ??= end());
    };
    Object.defineProperty(resource, Symbol.asyncDispose, { value: once });
    return resource;
  } catch (error) {
    open.delete(starting);
    throw error;
  }
}

/** What fails from then on fails because it is being ended. */
export function isInterrupted(): boolean {
  return interruptedAt !== null;
}

/** @returns what the work does; never, once it is interrupted: that it fails then is no news. */
export async function interruptible<T>(work: () => Promise<T>): Promise<T> {
  process.on("SIGINT", () => void interrupt(130));
  process.on("SIGTERM", () => void interrupt(143));
  try {
    return await work();
  } catch (error) {
    if (isInterrupted()) return await new Promise(() => {});
    throw error;
  }
}

async function interrupt(code: number): Promise<void> {
  if (interruptedAt !== null) {
    if (performance.now() - interruptedAt > SAME_WITHIN_MS) process.exit(code);
    return;
  }
  interruptedAt = performance.now();
  console.error("\nEnding what was started …");
  for (const starting of [...open].toReversed()) {
    try {
      await (await starting)[Symbol.asyncDispose]();
    } catch {
      // It did not start, or has ended by the same Ctrl+C.
    }
  }
  process.exit(code);
}
