/** Signals that ask to stop, from the first moment on: one that comes while a verb still starts must not be missed. */
export function listenForSignals(names: readonly NodeJS.Signals[]): { next: () => Promise<void> } {
  let came = 0;
  let waiting: (() => void)[] = [];
  const take = (): void => {
    const all = waiting;
    waiting = [];
    if (all.length === 0) came++;
    for (const tell of all) tell();
  };
  for (const name of names) process.on(name, take);
  return {
    next: () =>
      new Promise((resolve) => {
        if (came > 0) {
          came--;
          resolve();
        } else waiting.push(resolve);
      }),
  };
}
