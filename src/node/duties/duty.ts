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
  const duty = repeatWhileNeeded(
    intervalMs,
    async () => {
      await work();
      return true;
    },
    onError,
  );
  duty.wake();
  return duty;
}

/** A duty that sleeps while there is nothing for it. */
export interface Sleeper extends Duty {
  /** There may be something: it works one interval from now, unless it would before. */
  wake(): void;
}

/**
 * As {@link repeat}, once it is woken; it sleeps again when `work` answers that nothing is left to look after. What comes while
 * `work` runs must be in that answer, or wake it.
 */
export function repeatWhileNeeded(
  intervalMs: number,
  work: () => Promise<boolean>,
  onError: (error: unknown) => void,
): Sleeper {
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let isWorking = false;
  let isWanted = false;
  const plan = (): void => {
    timer = setTimeout(() => (running = once()), intervalMs);
    timer.unref();
  };
  const once = async (): Promise<void> => {
    timer = null;
    isWanted = false;
    isWorking = true;
    let isMore = true;
    try {
      isMore = await work();
    } catch (error) {
      onError(error);
    }
    isWorking = false;
    if ((isMore || isWanted) && !isStopped) plan();
  };
  return {
    wake() {
      isWanted = true;
      if (timer === null && !isWorking && !isStopped) plan();
    },
    async stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
