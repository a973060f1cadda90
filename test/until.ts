/** Waits for what comes soon, and has an end nonetheless. */
/** Less than a test's own time limit. */
const WITHIN_MS = 30_000;
const LOOK_MS = 10;

type IsSo = () => boolean | Promise<boolean>;

/** @throws when it is not so in time, with what was waited for, or else the question itself. */
export function until(what: string, isSo: IsSo, withinMs?: number): Promise<void>;
export function until(isSo: IsSo): Promise<void>;
export async function until(first: string | IsSo, second?: IsSo, withinMs = WITHIN_MS): Promise<void> {
  const isSo = second ?? (first as IsSo);
  const late = performance.now() + withinMs;
  while (!(await isSo())) {
    if (performance.now() > late) throw new Error(`not within ${withinMs} ms: ${first.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
