import { useEffect, useState } from "react";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";

/** What is to be run again, changed: only its action and payload are taken over. */
export type Original = Pick<TaskView, "task" | "action" | "payload">;

/** @param task of whose payload one begins. Null while it is asked for; when it is gone, one begins anew. */
export function useOriginal(task: string | null): Original | null {
  const { client, refused } = useConnection();
  const [found, setFound] = useState<Original | null>(null);
  useEffect(() => {
    if (task === null) return;
    let isOver = false;
    client.$.get(task).then(
      (view) => isOver || setFound(view),
      (error: unknown) => {
        refused(error);
        if (!isOver) setFound({ task, action: "" });
      },
    );
    return () => {
      isOver = true;
    };
  }, [client, task, refused]);
  return found?.task === task ? found : null;
}
