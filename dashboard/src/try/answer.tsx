/** What has come of what was sent last. */
import { useEffect } from "react";
import { duration } from "../numbers.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { Ended } from "../outbox/sent-list.tsx";
import { useOutcome } from "../outbox/use-outcome.ts";
import { Value } from "../tasks/value.tsx";
import { useWords } from "../words/words.tsx";

/** @param sent its key in the outbox; another one is another Answer. */
export function Answer({ sent }: { sent: string }) {
  const words = useWords();
  const { outbox, entries } = useOutbox();
  const entry = entries.find(({ key }) => key === sent);
  const outcome = useOutcome(entry?.task);
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
      <p role="status">
        {words.waitingFor} {entry.task !== undefined && <Link task={entry.task} />} …
      </p>
    );
  }
  if ("error" in outcome) return <p className="wrong">{outcome.error.message}</p>;
  const { task, state, createdAt, finishedAt } = outcome.view;
  return (
    <div role="status">
      <p className="dim">
        {words.states[state]} · {duration((finishedAt ?? createdAt) - createdAt)} · <Link task={task} />
      </p>
      <Ended view={outcome.view} />
    </div>
  );
}

function Link({ task }: { task: string }) {
  return <a href={`#/tasks/${task}`}>{task.slice(-12)}</a>;
}
