/** What happened to a task, one bar for each wait and attempt: how long each took, and how it ended. */
import type { TaskView } from "../../../src/protocol/messages.ts";
import { isFinal } from "../../../src/task/state.ts";
import { took } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

type Span = {
  readonly kind: "waited" | "ran" | "runs";
  /** Epoch milliseconds. */
  readonly from: number;
  readonly to: number;
  readonly attempt: number;
  /** Why it failed. */
  readonly end: string;
  readonly isBad: boolean;
};

export function TimeLine({ view }: { view: TaskView }) {
  const words = useWords();
  const spans = spansOf(view, Date.now());
  const from = view.createdAt;
  const to = Math.max(from + 1, ...spans.map((span) => span.to));
  const part = (ms: number): number => Math.min(100, Math.max(0, (ms / (to - from)) * 100));
  return (
    <section className="time-line" aria-label={words.timeLine}>
      <ol>
        {spans.map((span) => (
          <li key={`${span.kind} ${span.from}`}>
            <span className="span-name">
              {span.kind === "waited" ? words.waited : `${words.ran} ${span.attempt}`}
            </span>
            <span className="span-track">
              <span
                className={`span span-${span.kind}${span.isBad ? " span-bad" : ""}`}
                // Never so thin, or so far to the right, that it is not seen.
                style={{
                  left: `min(${part(span.from - from)}%, 100% - 4px)`,
                  width: `max(4px, ${part(span.to - span.from)}%)`,
                }}
              />
            </span>
            <span className="span-end number">{took(span.to - span.from)}</span>
            <span className={span.isBad ? "span-end span-end-bad" : "span-end"} title={span.end}>
              {span.end}
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
  const ran = (span: Omit<Span, "kind">, kind: Span["kind"] = "ran"): void => {
    waited(span.from);
    spans.push({ ...span, kind });
    at = span.to;
  };
  for (const { attempt, startedAt, endedAt, message } of view.history ?? [])
    ran({ from: startedAt ?? endedAt, to: endedAt, attempt, end: message, isBad: true });
  const { startedAt, finishedAt, attempt, state, error } = view;
  const isTold = (view.history ?? []).some((one) => one.attempt === attempt && one.startedAt === startedAt);
  const hasBegun = startedAt !== undefined && (state === "running" || finishedAt !== undefined);
  if (hasBegun && !isTold)
    ran(
      {
        from: startedAt,
        to: finishedAt ?? now,
        attempt,
        end: state === "done" ? "" : (error?.message ?? ""),
        isBad: state === "failed",
      },
      finishedAt === undefined ? "runs" : "ran",
    );
  else waited(isFinal(state) ? (finishedAt ?? at) : now);
  return spans;
}
