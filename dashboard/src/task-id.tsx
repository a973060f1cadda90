import { shortId } from "./short-id.ts";

export function TaskLink({ task }: { task: string }) {
  return (
    <a href={`#/tasks/${task}`} className="task-id" title={task}>
      {shortId(task)}
    </a>
  );
}
