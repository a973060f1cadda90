/** Says that there is no network or no node, from when what is shown is, and what waits to be sent. */
import { useConnection } from "../connection.tsx";
import { Instant } from "../instant.tsx";
import { isHeld, isWaiting } from "../outbox/outbox.ts";
import { useOutbox } from "../outbox/outbox-provider.tsx";
import { useWords } from "../words/words.tsx";
import { useAge } from "./age.ts";
import { useLate } from "./use-late.ts";
import { useOnline } from "./use-online.ts";
import "../style/outbox.css";

export function OfflineBar() {
  const { state } = useConnection();
  const words = useWords();
  const isOnline = useOnline();
  const age = useAge();
  const isLate = useLate(age);
  const waiting = useOutbox().entries.filter((entry) => isWaiting(entry) && !isHeld(entry)).length;
  const isOut = !isOnline || state === "lost" || (state === "open" && isLate);
  return (
    <div className="offline-bar" role="status" hidden={!isOut}>
      {isOut && (
        <>
          <span>{!isOnline ? words.offline : state === "lost" ? words.unreached : words.late}</span>
          {age !== null && (
            <span>
              {words.asOf} <Instant at={age.oldestAt} />
            </span>
          )}
          {waiting > 0 && <a href="#/try">{words.waitToBeSent(waiting)}</a>}
        </>
      )}
    </div>
  );
}
