/** Choose an action, fill in what it takes, send it, and watch the answer come. */
import { useCallback, useEffect, useMemo, useState } from "react";
import { TandaError, type Client } from "../../../src/client/browser.ts";
import type { ActionView } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { useLive } from "../live.ts";
import { duration } from "../numbers.ts";
import { go, useRoute } from "../route.ts";
import { Value } from "../tasks/value.tsx";
import { useWords } from "../words/words.tsx";
import { copyAs, type Way } from "./copies.ts";
import { firstValue, JsonField, SchemaForm, type Schema } from "./schema-form.tsx";

const ask = ({ $ }: Client): Promise<ActionView[]> => $.actions();

export function Try() {
  const words = useWords();
  const { search } = useRoute();
  const { value: actions, error } = useLive(ask, 10_000);
  if (actions === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  const served = actions.filter(({ isServed }) => isServed);
  const chosen = served.find(({ action }) => action === search.get("action")) ?? served[0];
  return (
    <section className="try">
      <h1>{words.tryIt}</h1>
      {chosen === undefined ? (
        <p className="hint">{words.noWorkers}</p>
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

type Sent =
  | { is: "waiting"; since: number; task: string }
  | { is: "done"; ms: number; task: string; result: unknown }
  | { is: "failed"; ms: number; task: string; error: Error };

function Sending({ action, from }: { action: ActionView; from: string | null }) {
  const words = useWords();
  const { client } = useConnection();
  const schema = (action.input ?? {}) as Schema;
  const hasForm = schema.type !== undefined || schema.properties !== undefined || schema.enum !== undefined;
  const [isRaw, setRaw] = useState(!hasForm);
  const [payload, setPayload] = useState<unknown>(() => firstValue(schema));
  const [sent, setSent] = useState<Sent | null>(null);
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
  const send = useCallback(async () => {
    const since = performance.now();
    try {
      const handle = await client.$.submit(action.action, payload);
      setSent({ is: "waiting", since, task: handle.task });
      try {
        const result = await handle.result();
        setSent({ is: "done", ms: performance.now() - since, task: handle.task, result });
      } catch (error) {
        setSent({ is: "failed", ms: performance.now() - since, task: handle.task, error: error as Error });
      }
    } catch (error) {
      setSent({ is: "failed", ms: performance.now() - since, task: "", error: error as Error });
    }
  }, [client, action.action, payload]);
  return (
    <>
      {action.description !== undefined && <p className="dim">{action.description}</p>}
      <form
        className="sending"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
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
          <button type="submit" className="primary send" disabled={sent?.is === "waiting"}>
            {words.send}
          </button>
          {hasForm && (
            <button type="button" aria-pressed={isRaw} onClick={() => setRaw(!isRaw)}>
              JSON
            </button>
          )}
        </div>
      </form>
      {sent !== null && <Answer sent={sent} />}
      <Copies action={action.action} payload={payload} />
    </>
  );
}

function Answer({ sent }: { sent: Sent }) {
  const words = useWords();
  const link = sent.task === "" ? null : <a href={`#/tasks/${sent.task}`}>{sent.task.slice(-12)}</a>;
  if (sent.is === "waiting")
    return (
      <p role="status">
        {words.waitingFor} {link} …
      </p>
    );
  if (sent.is === "done")
    return (
      <div role="status">
        <p className="dim">
          {words.states.done} · {duration(sent.ms)} · {link}
        </p>
        <Value title={words.result} value={sent.result} />
      </div>
    );
  const { error } = sent;
  const hint = error instanceof TandaError ? error.hint : undefined;
  return (
    <div role="status">
      <p className="dim">
        {words.states.failed} · {duration(sent.ms)} · {link}
      </p>
      <Value
        title={error instanceof TandaError ? error.code : words.states.failed}
        value={error.message}
        isBad
      />
      {hint !== undefined && <p className="hint">{hint}</p>}
    </div>
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
