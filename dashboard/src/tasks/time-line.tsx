/** What happened to a task, one bar for each attempt: how long it waited before, how long it ran, how it ended. */
import type { TaskView } from "../../../src/protocol/messages.ts";
import { isFinal } from "../../../src/task/state.ts";
import { duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

type Span = {
  kind: "waited" | "ran";
  from: number;
  to: number;
  attempt: number;
  end: string;
  isBad: boolean;
};

export function TimeLine({ view }: { view: TaskView }) {
  const words = useWords();
  const spans = spansOf(view, Date.now());
  const from = view.createdAt;
  const to = Math.max(from + 1, ...spans.map((span) => span.to));
  const share = (ms: number): string => `${((ms - from) / (to - from)) * 100}%`;
  return (
    <section className="time-line" aria-label={words.attempts}>
      <ol>
        {spans.map((span) => (
          <li key={`${span.kind} ${span.from}`}>
            <span className="span-name">
              {span.kind === "waited" ? words.waited : `${words.ran} ${span.attempt}`}
            </span>
            <span className="span-track">
              <span
                className={`span span-${span.kind}${span.isBad ? " span-bad" : ""}`}
                style={{
                  left: share(span.from),
                  width: `max(3px, ${((span.to - span.from) / (to - from)) * 100}%)`,
                }}
              />
            </span>
            <span className="span-end">
              {duration(span.to - span.from)} {span.end}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function spansOf(view: TaskView, now: number): Span[] {
  const spans: Span[] = [];
  let at = view.createdAt;
  const waited = (to: number): void => {
    if (to > at) spans.push({ kind: "waited", from: at, to, attempt: 0, end: "", isBad: false });
  };
  const ran = (from: number, to: number, attempt: number, end: string, isBad: boolean): void => {
    waited(from);
    spans.push({ kind: "ran", from, to, attempt, end, isBad });
    at = to;
  };
  for (const { attempt, startedAt, endedAt, message } of view.history ?? [])
    ran(startedAt ?? endedAt, endedAt, attempt, message, true);
  const { startedAt, finishedAt, attempt, state, error } = view;
  const isTold = (view.history ?? []).some((one) => one.attempt === attempt);
  if (startedAt !== undefined && !isTold)
    ran(startedAt, finishedAt ?? now, attempt, error?.message ?? "", state === "failed");
  else if (!isFinal(state)) waited(now);
  return spans;
}
