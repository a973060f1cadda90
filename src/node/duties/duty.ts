/** A background duty of a node: one file, one lifecycle. `stop` resolves when it will do nothing more; twice is safe. */
export interface Duty {
  stop(): Promise<void>;
}

/**
 * Calls `work` again and again, with `intervalMs` between an end and the next beginning; never beside itself.
 * What it throws is told, and it goes on: a duty that died would be missed only much later.
 */
export function repeat(
  intervalMs: number,
  work: () => Promise<unknown> | void,
  onError: (error: unknown) => void,
): Duty {
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout;
  const plan = (): void => {
    timer = setTimeout(() => (running = once()), intervalMs);
    timer.unref();
  };
  const once = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      onError(error);
    }
    if (!isStopped) plan();
  };
  plan();
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
