import { useState } from "react";
import type { ThreadView } from "../../../src/protocol/messages.ts";
import { duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

/** More than this many idle ones are told in one line. */
const MOST_IDLE = 8;

export function Threads({ threads }: { threads: readonly ThreadView[] }) {
  const words = useWords();
  const [isWhole, setWhole] = useState(false);
  const idle = threads.filter(({ state }) => state === "idle");
  const isLong = idle.length > MOST_IDLE;
  const shown = isWhole || !isLong ? threads : threads.filter(({ state }) => state !== "idle");
  return (
    <>
      <ol className="lanes">
        {shown.map(({ thread, state, tasks }) => (
          <li key={thread}>
            <span className={`thread thread-${state}`} aria-hidden="true" />
            <span className="dim lane-name">{thread}</span>
            {tasks.length === 0 ? (
              <span className="dim">{words[state]}</span>
            ) : (
              <span className="lane-tasks">
                {state === "stuck" && <span className="wrong">{words.stuck} </span>}
                {tasks.map(({ task, action, sinceMs }) => (
                  <a key={task} href={`#/tasks/${task}`}>
                    {action} <small>{duration(sinceMs)}</small>
                  </a>
                ))}
              </span>
            )}
          </li>
        ))}
      </ol>
      {isLong && (
        <button type="button" className="quiet" onClick={() => setWhole(!isWhole)}>
          {isWhole ? words.fold : words.idleThreads(idle.length)}
        </button>
      )}
    </>
  );
}
