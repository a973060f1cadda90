import type { TaskView } from "../../../src/protocol/messages.ts";

export type Group = {
  readonly name: string;
  readonly action: string;
  readonly code: string;
  /** Of the newest of them. */
  readonly message: string;
  /** Newest first. */
  readonly tasks: readonly TaskView[];
};

/** What failed alike together. The largest group first. */
export function grouped(tasks: readonly TaskView[]): Group[] {
  return [...Map.groupBy(tasks, nameOf)]
    .map(([name, own]) => ({
      name,
      action: own[0]!.action,
      code: own[0]!.error?.code ?? "",
      message: own[0]!.error?.message ?? "",
      tasks: own,
    }))
    .sort((a, b) => b.tasks.length - a.tasks.length);
}

export function isOfGroup({ name }: Group): (task: TaskView) => boolean {
  return (task) => nameOf(task) === name;
}

function nameOf({ action, error }: TaskView): string {
  return JSON.stringify([action, error?.code ?? "", alike(error?.message ?? "")]);
}

/** Numbers, ids and what stands in quotes are what differs between two of a kind. */
function alike(message: string): string {
  return message
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27,}/gi, "ID")
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, "…")
    .replaceAll(/\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b/gi, "ID")
    .replaceAll(/\d+/g, "N")
    .slice(0, 200);
}
