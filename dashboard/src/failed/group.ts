import type { TaskView } from "../../../src/protocol/messages.ts";

export type Group = {
  readonly name: string;
  readonly action: string;
  readonly code: string;
  readonly message: string;
  /** Newest first. */
  readonly tasks: readonly TaskView[];
};

/** What failed alike together: numbers and ids in a message are what differs between two of a kind. The largest group first. */
export function grouped(tasks: readonly TaskView[]): Group[] {
  const groups = Map.groupBy(tasks, ({ action, error }) =>
    JSON.stringify([action, error?.code ?? "", alike(error?.message ?? "")]),
  );
  return [...groups]
    .map(([name, own]) => ({
      name,
      action: own[0]!.action,
      code: own[0]!.error?.code ?? "",
      message: own[0]!.error?.message ?? "",
      tasks: own,
    }))
    .sort((a, b) => b.tasks.length - a.tasks.length);
}

function alike(message: string): string {
  return message
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27,}/gi, "ID")
    .replaceAll(/\d+/g, "N")
    .replaceAll(/"[^"]*"|'[^']*'/g, "…")
    .slice(0, 200);
}
