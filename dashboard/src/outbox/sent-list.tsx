/** What was sent and whose end was not seen: what waits for the network, what was refused, and what has come of it since. */
import type { TaskView } from "../../../src/protocol/messages.ts";
import { Instant } from "../instant.tsx";
import { TaskLink } from "../task-id.tsx";
import { Value } from "../tasks/value.tsx";
import { useWords } from "../words/words.tsx";
import { isHeld, isWaiting, type Entry } from "./outbox.ts";
import { useOutbox } from "./outbox-provider.tsx";
import { useOutcome } from "./use-outcome.ts";
import "../style/outbox.css";

const SHOWN_CHARACTERS = 80;

/** @param except is shown elsewhere. */
export function SentList({ except = null }: { except?: string | null }) {
  const words = useWords();
  const entries = useOutbox().entries.filter(({ key }) => key !== except);
  const isAsked = (entry: Entry): boolean => isHeld(entry) || entry.refusal !== undefined;
  const parts = [
    [words.sentWaiting, entries.filter((entry) => isWaiting(entry) && !isHeld(entry))],
    [words.sentNotDone, entries.filter(isAsked)],
    [words.sentEarlier, entries.filter(({ task }) => task !== undefined)],
  ] as const;
  return parts.map(
    ([title, list]) =>
      list.length > 0 && (
        <section key={title} className="outbox">
          <h2>{title}</h2>
          <ul>
            {list.map((entry) => (
              <Item key={entry.key} entry={entry} />
            ))}
          </ul>
        </section>
      ),
  );
}

function Item({ entry }: { entry: Entry }) {
  const words = useWords();
  const { outbox } = useOutbox();
  const { key, action, payload, at, task, refusal, triedAt } = entry;
  const text = JSON.stringify(payload) ?? "";
  const isLong = text.length > SHOWN_CHARACTERS;
  return (
    <li>
      <p className="outbox-line">
        <strong>{action}</strong>
        {text !== "" && <code>{isLong ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}</code>}
        {task !== undefined && <TaskLink task={task} />}
        <span className="dim">
          <Instant at={at} />
        </span>
        {task === undefined && (refusal !== undefined || isHeld(entry)) && (
          <button type="button" onClick={() => outbox.renew(entry)}>
            {words.sendAgain}
          </button>
        )}
        <button
          type="button"
          className="quiet"
          aria-label={`${words.remove}: ${action}`}
          onClick={() => outbox.remove(key)}
        >
          {words.remove}
        </button>
      </p>
      {isHeld(entry) && (
        <p className="hint">
          {words.mayHaveRun} <Instant at={triedAt!} />
        </p>
      )}
      {refusal !== undefined && (
        <p className="wrong">
          {refusal.code}: {refusal.message}
        </p>
      )}
      {task !== undefined && <Outcome task={task} />}
    </li>
  );
}

function Outcome({ task }: { task: string }) {
  const words = useWords();
  const outcome = useOutcome(task);
  if (outcome === null) return <p className="dim">{words.waitingFor} …</p>;
  if ("error" in outcome) return <p className="hint">{outcome.error.message}</p>;
  return <Ended view={outcome.view} />;
}

export function Ended({ view }: { view: TaskView }) {
  const words = useWords();
  if (view.state === "done") return <Value title={words.result} value={view.result ?? null} />;
  const { error } = view;
  return (
    <>
      <Value title={error?.code ?? words.states[view.state]} value={error?.message ?? ""} isBad />
      {error?.hint !== undefined && <p className="hint">{error.hint}</p>}
    </>
  );
}
