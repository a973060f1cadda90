/** What can be asked for: how each is served, how long it takes, how much of it fails, and what it takes. */
import { useState } from "react";
import type { Client } from "../../../src/client/browser.ts";
import type { ActionView } from "../../../src/protocol/messages.ts";
import { failedShare } from "../failed/failed-share.ts";
import { Waiting } from "../frame/waiting.tsx";
import { useLive } from "../live.ts";
import { compact, duration, rate, share } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import "../style/actions.css";

const ask = ({ $ }: Client): Promise<ActionView[]> => $.actions();

export function Actions() {
  const words = useWords();
  const [search, setSearch] = useState("");
  const { value: actions, error } = useLive(ask, 2000);
  if (actions === null) return <Waiting error={error} />;
  const shown = actions
    .filter(({ action, description = "" }) =>
      `${action} ${description}`.toLowerCase().includes(search.toLowerCase()),
    )
    // What was at work lately stands before what was not.
    .sort((a, b) => Number(isIdle(a)) - Number(isIdle(b)));
  return (
    <section>
      <h1>{words.actions}</h1>
      <div className="bar">
        <input
          type="search"
          data-search
          aria-label={words.findAction}
          placeholder={words.findAction}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
        <small>{words.windowsOfActions}</small>
      </div>
      {shown.length === 0 && <p className="hint">{words.noSuchAction}</p>}
      <ul className="actions">
        {shown.map((action) => (
          <Action key={action.action} action={action} />
        ))}
      </ul>
    </section>
  );
}

function isIdle({ perSecond, last10m }: ActionView): boolean {
  return last10m.finished === 0 && perSecond.submitted === 0;
}

function Action({ action }: { action: ActionView }) {
  const words = useWords();
  const { action: name, description, isServed, perSecond, last10m } = action;
  const { finished, runMs, startDelayMs } = last10m;
  const failing = failedShare(last10m);
  const figures: [string, string, boolean?][] = [
    [words.rate, `${rate(perSecond.finished)}/s`],
    [words.ended, compact(finished)],
    [words.failedRate, finished === 0 ? "–" : share(failing), failing > 0],
    [words.runTime, finished === 0 ? "–" : `${duration(runMs.p50)} · p99 ${duration(runMs.p99)}`],
    [
      words.toStart,
      finished === 0 ? "–" : `${duration(startDelayMs.p50)} · p99 ${duration(startDelayMs.p99)}`,
    ],
  ];
  return (
    <li>
      <article className="card action">
        <header>
          <h2>
            <a href={`#/tasks?action=${encodeURIComponent(name)}`}>{name}</a>
          </h2>
          {!isServed && <span className="chip chip-failed">{words.notServed}</span>}
          {description !== undefined && <p className="dim">{description}</p>}
          {isServed && (
            <a href={`#/try?action=${encodeURIComponent(name)}`} className="button">
              {words.tryIt}
            </a>
          )}
        </header>
        {!isIdle(action) && (
          <dl className="action-figures">
            {figures.map(([title, value, isBad = false]) => (
              <div key={title}>
                <dt>{title}</dt>
                <dd className={isBad ? "wrong" : undefined}>{value}</dd>
              </div>
            ))}
          </dl>
        )}
        <Details action={action} />
      </article>
    </li>
  );
}

function Details({ action }: { action: ActionView }) {
  const words = useWords();
  const { queue, priority, attempts, timeoutMs, concurrency, input, output } = action;
  return (
    <details>
      <summary>
        {words.whatItTakes}
        {isIdle(action) && ` · ${words.idleLately}`}
      </summary>
      <p className="dim">
        {words.queue} {queue}, {priority} · {words.upToAttempts(attempts)} · {words.atMost}{" "}
        {duration(timeoutMs)}
        {concurrency !== undefined && ` · ${words.atOnce(concurrency)}`}
      </p>
      <Schema title={words.payload} schema={input} />
      <Schema title={words.result} schema={output} />
    </details>
  );
}

function Schema({ title, schema }: { title: string; schema: unknown }) {
  const words = useWords();
  return (
    <>
      <h3>{title}</h3>
      {schema === undefined ? (
        <p className="dim">{words.anyJson}</p>
      ) : (
        <pre tabIndex={0}>{JSON.stringify(schema, null, 2)}</pre>
      )}
    </>
  );
}
