/** Says that there is no network or no node, from when what is shown is, and what waits to be sent. */
import { useConnection } from "../connection.tsx";
import { Instant } from "../instant.tsx";
import { isHeld, isWaiting } from "../outbox/outbox.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { useWords } from "../words/words.tsx";
import { useOldest } from "./age.ts";
import { useOnline } from "./use-online.ts";
import "../style/outbox.css";

export function OfflineBar() {
  const { state } = useConnection();
  const words = useWords();
  const isOnline = useOnline();
  const oldest = useOldest();
  const waiting = useOutbox().entries.filter((entry) => isWaiting(entry) && !isHeld(entry)).length;
  const isOut = !isOnline || state === "lost";
  return (
    <div className="offline-bar" role="status" hidden={!isOut}>
      {isOut && (
        <>
          <span>{isOnline ? words.unreached : words.offline}</span>
          {oldest !== null && (
            <span>
              {words.asOf} <Instant at={oldest} />
            </span>
          )}
          {waiting > 0 && <a href="#/try">{words.waitToBeSent(waiting)}</a>}
        </>
      )}
    </div>
  );
}
