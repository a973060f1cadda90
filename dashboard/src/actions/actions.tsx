/** What can be asked for: how each is served, how long it takes, how much of it fails, and what it takes. */
import type { Client } from "../../../src/client/browser.ts";
import type { ActionView, StatsView } from "../../../src/protocol/messages.ts";
import { useLive } from "../live.ts";
import { compact, duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const ask = async ({ $ }: Client): Promise<{ actions: ActionView[]; stats: StatsView }> => {
  const [actions, stats] = await Promise.all([$.actions(), $.stats()]);
  return { actions, stats };
};

export function Actions() {
  const words = useWords();
  const { value, error } = useLive(ask, 2000);
  if (value === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  return (
    <section>
      <h1>{words.actions}</h1>
      <div className="cards">
        {value.actions.map((action) => (
          <Card key={action.action} action={action} stats={value.stats} />
        ))}
      </div>
    </section>
  );
}

function Card({ action, stats }: { action: ActionView; stats: StatsView }) {
  const words = useWords();
  const { action: name, description, queue, attempts, timeoutMs, meanRunMs, isServed, input } = action;
  const counts = stats.counts.filter((one) => one.action === name);
  const sum = (state?: string): number =>
    counts
      .filter((one) => state === undefined || one.state === state)
      .reduce((all, one) => all + one.count, 0);
  const ended = sum("done") + sum("failed");
  return (
    <article className="card">
      <header>
        <h2>{name}</h2>
        <span className={isServed ? "chip chip-open" : "chip chip-failed"}>
          {isServed ? words.served : words.notServed}
        </span>
      </header>
      {description !== undefined && <p>{description}</p>}
      <p className="dim">
        {words.queue} {queue} · {words.attempt(attempts + 1, attempts).replace(/\d+/, String(attempts))} ·{" "}
        {words.atMost} {duration(timeoutMs)}
        {meanRunMs !== undefined && ` · ${words.mean} ${duration(meanRunMs)}`}
      </p>
      <p className="dim">
        {compact(sum())} {words.tasks.toLowerCase()}
        {ended > 0 && ` · ${((100 * sum("failed")) / ended).toFixed(1)} % ${words.failedRate}`}
      </p>
      {input !== undefined && (
        <details>
          <summary>JSON Schema</summary>
          <pre tabIndex={0}>{JSON.stringify(input, null, 2)}</pre>
        </details>
      )}
      {isServed && (
        <p className="acts">
          <a href={`#/try?action=${encodeURIComponent(name)}`}>{words.tryIt}</a>
          <a href={`#/tasks?action=${encodeURIComponent(name)}`}>{words.tasks}</a>
        </p>
      )}
    </article>
  );
}
