/** The id of a task, short: its instant and its turn within it, which is what tells it from its neighbours. */
export function shortId(task: string): string {
  const [first, second, , fourth] = task.split("-");
  return fourth === undefined ? task : `${first}-${second}…${fourth}`;
}

export function TaskLink({ task }: { task: string }) {
  return (
    <a href={`#/tasks/${task}`} className="task-id" title={task}>
      {shortId(task)}
    </a>
  );
}
