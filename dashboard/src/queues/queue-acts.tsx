import type { QueueView } from "../../../src/protocol/messages.ts";
import { useAct } from "../act.tsx";
import { compact } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

export function QueueActs({ view: { queue, mode, waiting } }: { view: QueueView }) {
  const words = useWords();
  const act = useAct();
  const isOpen = mode === "open";
  return (
    <>
      <button
        type="button"
        className={isOpen ? undefined : "primary"}
        onClick={() =>
          act(
            isOpen
              ? {
                  question: words.askPause(queue),
                  name: words.pause,
                  run: async ({ $ }) => (await $.pause(queue), words.didPause(queue)),
                }
              : { name: words.resume, run: async ({ $ }) => (await $.resume(queue), words.didResume(queue)) },
          )
        }
      >
        {isOpen ? words.pause : words.resume}
      </button>
      {isOpen && (
        <button
          type="button"
          onClick={() =>
            act({
              question: words.askDrain(queue),
              name: words.drain,
              run: async ({ $ }) => (await $.drain(queue), words.didDrain(queue)),
            })
          }
        >
          {words.drain}
        </button>
      )}
      <button
        type="button"
        className="danger"
        disabled={waiting === 0}
        onClick={() =>
          act({
            question: words.askPurge(queue, compact(waiting)),
            name: words.purge,
            isDangerous: true,
            run: async ({ $ }) => words.didPurge(compact((await $.purge(queue)).cancelled)),
          })
        }
      >
        {words.purge}
      </button>
    </>
  );
}
