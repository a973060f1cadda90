/** Choose an action, fill in what it takes, send it, and watch the answer come. */
import { Waiting } from "../frame/waiting.tsx";
import { SentList } from "../outbox/sent-list.tsx";
import { go, linkTo, useRoute } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { Sending } from "./sending.tsx";
import { useActions } from "./use-actions.ts";
import { useOriginal } from "./use-original.ts";
import "../style/try.css";

export function Try() {
  const words = useWords();
  const { search } = useRoute();
  const { actions, error } = useActions();
  const from = search.get("from");
  const original = useOriginal(from);
  const served = actions?.filter(({ isServed }) => isServed) ?? [];
  const wanted = search.get("action") ?? original?.action ?? "";
  const chosen = wanted === "" ? served[0] : served.find(({ action }) => action === wanted);
  const isUnserved = wanted !== "" && chosen === undefined;
  const isReady = actions !== null && (from === null || original !== null);
  return (
    <section>
      <h1>{words.tryIt}</h1>
      {!isReady && <Waiting error={error} />}
      {isReady && served.length === 0 && <p className="hint">{words.noWorkers}</p>}
      {isReady && isUnserved && (
        <p className="wrong">
          {wanted}: {words.notServed}
        </p>
      )}
      {isReady && served.length > 0 && (
        <label className="field">
          <span className="name">{words.action}</span>
          <select
            data-search
            value={chosen?.action ?? ""}
            onChange={(event) => go(linkTo("/try", { action: event.target.value }), false)}
          >
            {isUnserved && <option value="">{wanted}</option>}
            {served.map(({ action }) => (
              <option key={action}>{action}</option>
            ))}
          </select>
        </label>
      )}
      {isReady && chosen !== undefined ? (
        <Sending key={`${chosen.action} ${from ?? ""}`} action={chosen} original={original} />
      ) : (
        <SentList />
      )}
    </section>
  );
}
