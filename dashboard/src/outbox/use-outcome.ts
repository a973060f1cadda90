import { useEffect, useState } from "react";
import { TandaError } from "../../../src/client/browser.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";

export type Outcome =
  | { readonly task: string; readonly view: TaskView }
  | { readonly task: string; readonly error: TandaError };

/** How a task ended, or why nobody will ever tell; null until then. */
export function useOutcome(task: string | undefined): Outcome | null {
  const { client } = useConnection();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  useEffect(() => {
    if (task === undefined) return;
    let isOver = false;
    client.$.wait(task).then(
      (view) => isOver || setOutcome({ task, view }),
      (error: unknown) => {
        const isForgotten = error instanceof TandaError && error.code === "not_found";
        if (isForgotten && !isOver) setOutcome({ task, error });
      },
    );
    return () => {
      isOver = true;
    };
  }, [client, task]);
  return outcome;
}
