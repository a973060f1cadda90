/** What has come of what was sent last, and how far it is until then. */
import { useCallback, useEffect } from "react";
import type { Client } from "../../../src/client/browser.ts";
import type { TaskView } from "../../../src/protocol/messages.ts";
import { useLive } from "../live.ts";
import { duration } from "../numbers.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { Ended } from "../outbox/sent-list.tsx";
import { useOutcome } from "../outbox/use-outcome.ts";
import { TaskLink } from "../task-id.tsx";
import { Value } from "../tasks/value.tsx";
import { useWords } from "../words/words.tsx";
import type { Fault } from "./schema-form.tsx";

type AnswerProps = {
  /** Its key in the outbox; another one is another Answer. */
  sent: string;
  /** Something that was filled in is wrong: it is shown where it stands. */
  onFault: (fault: Fault) => void;
};

export function Answer({ sent, onFault }: AnswerProps) {
  const words = useWords();
  const { outbox, entries } = useOutbox();
  const entry = entries.find(({ key }) => key === sent);
  const outcome = useOutcome(entry?.task);
  const error = entry?.refusal ?? (outcome !== null && "view" in outcome ? outcome.view.error : undefined);
  useEffect(() => {
    if (error?.path !== undefined) onFault({ path: error.path, message: error.message });
  }, [error, onFault]);
  useEffect(() => {
    // It was seen. Who goes elsewhere before finds it in the list.
    if (outcome !== null) outbox.remove(sent);
  }, [outbox, outcome, sent]);
  if (entry?.refusal !== undefined)
    return (
      <div role="status">
        <Value title={entry.refusal.code} value={entry.refusal.message} isBad />
      </div>
    );
  if (outcome === null) {
    if (entry === undefined) return null;
    return (
      <div role="status">
        {words.waitingFor} {entry.task !== undefined && <TaskLink task={entry.task} />} …
        {entry.task !== undefined && <HowFar task={entry.task} />}
      </div>
    );
  }
  if ("error" in outcome) return <p className="wrong">{outcome.error.message}</p>;
  const { task, state, createdAt, finishedAt } = outcome.view;
  return (
    <div role="status" className="answer">
      <p>
        <span className={`chip chip-${state}`}>{words.states[state]}</span>{" "}
        {duration((finishedAt ?? createdAt) - createdAt)} · <TaskLink task={task} />
      </p>
      <Ended view={outcome.view} />
    </div>
  );
}

/** Of what takes longer than a moment: its state, and what it tells as it goes. */
function HowFar({ task }: { task: string }) {
  const words = useWords();
  const ask = useCallback(({ $ }: Client): Promise<TaskView> => $.get(task), [task]);
  const { value: view } = useLive(ask, 500);
  if (view === null) return null;
  const last = view.log?.at(-1);
  return (
    <>
      <p>
        <span className={`chip chip-${view.state}`}>{words.states[view.state]}</span>{" "}
        {last !== undefined && <span className="dim">{last.text}</span>}
      </p>
      {view.progress !== undefined && <Value title={words.progress} value={view.progress} />}
    </>
  );
}
