/** Choose an action, fill in what it takes, send it, and watch the answer come. */
import { useEffect, useMemo, useState } from "react";
import type { ActionView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { useOnline } from "../offline/use-online.ts";
import { isWaiting, MAX_WAITING, OutboxFull } from "../outbox/outbox.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { SentList } from "../outbox/sent-list.tsx";
import { go, useRoute } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { Answer } from "./answer.tsx";
import { copyAs, type Way } from "./copies.ts";
import { firstValue, JsonField, SchemaForm, type Schema } from "./schema-form.tsx";
import { useActions } from "./use-actions.ts";

export function Try() {
  const words = useWords();
  const { search } = useRoute();
  const { actions, error } = useActions();
  if (actions === null)
    return (
      <>
        <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>
        <SentList />
      </>
    );
  const served = actions.filter(({ isServed }) => isServed);
  const chosen = served.find(({ action }) => action === search.get("action")) ?? served[0];
  return (
    <section className="try">
      <h1>{words.tryIt}</h1>
      {chosen === undefined ? (
        <>
          <p className="hint">{words.noWorkers}</p>
          <SentList />
        </>
      ) : (
        <>
          <label className="field">
            {words.action}
            <select
              value={chosen.action}
              onChange={(event) => go(`#/try?action=${encodeURIComponent(event.target.value)}`, false)}
            >
              {served.map(({ action }) => (
                <option key={action}>{action}</option>
              ))}
            </select>
          </label>
          <Sending
            key={`${chosen.action} ${search.get("from") ?? ""}`}
            action={chosen}
            from={search.get("from")}
          />
        </>
      )}
    </section>
  );
}

function Sending({ action, from }: { action: ActionView; from: string | null }) {
  const words = useWords();
  const { client, state } = useConnection();
  const isOnline = useOnline();
  const { outbox, entries } = useOutbox();
  const schema = (action.input ?? {}) as Schema;
  const hasForm = schema.type !== undefined || schema.properties !== undefined || schema.enum !== undefined;
  const [isRaw, setRaw] = useState(!hasForm);
  const [payload, setPayload] = useState<unknown>(() => firstValue(schema));
  const [sent, setSent] = useState<string | null>(null);
  const [isFull, setFull] = useState(false);
  const latest = entries.find(({ key }) => key === sent);
  // Without a connection it is one of those that wait, and there may be more of them.
  const isConnected = state === "open" && isOnline;
  const isAnswered = sent !== null && (isConnected || latest === undefined || !isWaiting(latest));
  useEffect(() => {
    if (from === null) return;
    client.$.get(from).then(
      (view) => {
        setPayload(view.payload);
        setRaw(true);
        if (view.action !== action.action)
          go(`#/try?action=${encodeURIComponent(view.action)}&from=${from}`, false);
      },
      () => {},
    );
  }, [client, from, action.action]);
  const send = (): void => {
    if (latest?.refusal !== undefined) outbox.remove(latest.key);
    try {
      setSent(outbox.keep(action.action, payload));
      setFull(false);
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      setFull(true);
    }
  };
  return (
    <>
      {action.description !== undefined && <p className="dim">{action.description}</p>}
      <form
        className="sending"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {isRaw ? (
          <JsonField
            key={from === null ? "" : JSON.stringify(payload)}
            name={words.payload}
            value={payload}
            onChange={setPayload}
          />
        ) : (
          <SchemaForm schema={schema} value={payload} onChange={setPayload} />
        )}
        <div className="bar">
          <button
            type="submit"
            className="primary send"
            disabled={isAnswered && latest !== undefined && isWaiting(latest)}
          >
            {words.send}
          </button>
          {hasForm && (
            <button type="button" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
              JSON
            </button>
          )}
        </div>
      </form>
      {isFull && (
        <p className="wrong" role="alert">
          {words.outboxFull(MAX_WAITING)}
        </p>
      )}
      {isAnswered && <Answer key={sent} sent={sent} />}
      <SentList except={isAnswered ? sent : null} />
      <Copies action={action.action} payload={payload} />
    </>
  );
}

const WAYS = [
  ["cli", "tanda"],
  ["curl", "curl"],
  ["nc", "nc"],
  ["ts", "TypeScript"],
] as const satisfies [Way, string][];

function Copies({ action, payload }: { action: string; payload: unknown }) {
  const words = useWords();
  const [way, setWay] = useState<Way>("cli");
  const text = useMemo(() => copyAs(way, action, payload, location.origin), [way, action, payload]);
  return (
    <section className="value">
      <header>
        <div className="bar" role="group" aria-label={words.copyAs}>
          {WAYS.map(([one, name]) => (
            <button key={one} type="button" aria-pressed={one === way} onClick={() => setWay(one)}>
              {name}
            </button>
          ))}
        </div>
        <button type="button" className="quiet" onClick={() => void navigator.clipboard?.writeText(text)}>
          {words.copy}
        </button>
      </header>
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
