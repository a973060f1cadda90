/** The id of a task, short: how it begins, which finds it again, and how it ends, which tells it from others of its millisecond. */
export function shortId(task: string): string {
  return task.length < 24 ? task : `${task.slice(0, 18)}…${task.slice(-4)}`;
}
