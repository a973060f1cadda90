/** The form of one action, the button that sends it, and what comes of it. */
import { useState } from "react";
import type { ActionView, SubmitOptions } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { isWaiting, MAX_WAITING, OutboxFull } from "../outbox/outbox.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { SentList } from "../outbox/sent-list.tsx";
import { useWords } from "../words/words.tsx";
import { Answer } from "./answer.tsx";
import { Copies } from "./copies.tsx";
import { JsonField } from "./json-field.tsx";
import { OptionsForm } from "./options-form.tsx";
import { SchemaForm, type Fault } from "./schema-form.tsx";
import { firstValue, hasForm, type Schema } from "./schema.ts";
import type { Original } from "./use-original.ts";

export function Sending({ action, original }: { action: ActionView; original: Original | null }) {
  const words = useWords();
  const { state } = useConnection();
  const { outbox, entries } = useOutbox();
  const schema = (action.input ?? {}) as Schema;
  const isFormable = hasForm(schema);
  const isAgain = original?.action === action.action;
  const [isRaw, setRaw] = useState(!isFormable);
  const [isWrong, setWrong] = useState(false);
  const [payload, setPayload] = useState<unknown>(() => (isAgain ? original.payload : firstValue(schema)));
  const [options, setOptions] = useState<SubmitOptions>({});
  const [sent, setSent] = useState<string | null>(null);
  const [isFull, setFull] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const latest = entries.find(({ key }) => key === sent);
  // Without a connection it is one of those that wait, and there may be more of them.
  const isAnswered = sent !== null && (state === "open" || latest === undefined || !isWaiting(latest));
  const send = (): void => {
    if (latest?.refusal !== undefined) outbox.remove(latest.key);
    setFault(null);
    try {
      setSent(outbox.keep(action.action, payload, options));
      setFull(false);
    } catch (error) {
      if (!(error instanceof OutboxFull)) throw error;
      setFull(true);
    }
  };
  return (
    <div className="try">
      <form
        className="sending"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {action.description !== undefined && <p className="dim">{action.description}</p>}
        {isRaw ? (
          <JsonField
            name={words.payload}
            value={payload}
            onChange={setPayload}
            fault={fault?.message ?? null}
            onWrong={setWrong}
          />
        ) : (
          <SchemaForm schema={schema} value={payload} onChange={setPayload} fault={fault} />
        )}
        <OptionsForm options={options} onChange={setOptions} />
        <div className="bar send-bar">
          <button
            type="submit"
            className="primary send"
            disabled={isAnswered && latest !== undefined && isWaiting(latest)}
          >
            {words.send}
          </button>
          {/* What is no JSON yet would be lost. */}
          {isFormable && (
            <button
              type="button"
              aria-pressed={isRaw}
              disabled={isRaw && isWrong}
              onClick={() => setRaw(!isRaw)}
            >
              JSON
            </button>
          )}
        </div>
      </form>
      <div className="outcome">
        {isFull && (
          <p className="wrong" role="alert">
            {words.outboxFull(MAX_WAITING)}
          </p>
        )}
        {isAnswered && <Answer key={sent} sent={sent} onFault={setFault} />}
        <SentList except={isAnswered ? sent : null} />
        <Copies action={action.action} payload={payload} options={options} />
      </div>
    </div>
  );
}
