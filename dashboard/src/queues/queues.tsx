/** What waits where, and since when. */
import type { Client } from "../../../src/client/browser.ts";
import type { QueueView } from "../../../src/protocol/messages.ts";
import { useAct } from "../act.tsx";
import { useLive } from "../live.ts";
import { compact, duration } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const ask = ({ $ }: Client): Promise<QueueView[]> => $.queues();

export function Queues() {
  const words = useWords();
  const { value: queues, error } = useLive(ask, 1000);
  if (queues === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  return (
    <section>
      <h1>{words.queues}</h1>
      <div className="table">
        <table>
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              <th scope="col">{words.state}</th>
              <th scope="col" className="number">
                {words.waiting}
              </th>
              <th scope="col" className="number">
                {words.oldest}
              </th>
              <th scope="col" className="number">
                {words.running}
              </th>
              <th scope="col" className="number">
                {words.scheduled}
              </th>
              <th scope="col">
                <span className="unseen">{words.whatToDo}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {queues.map((queue) => (
              <QueueRow key={queue.queue} view={queue} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function QueueRow({ view }: { view: QueueView }) {
  const words = useWords();
  const act = useAct();
  const { queue, mode, waiting, oldestAgeMs, counts } = view;
  const isOpen = mode === "open";
  return (
    <tr>
      <th scope="row">
        <a href={`#/tasks?queue=${encodeURIComponent(queue)}`}>{queue}</a>
      </th>
      <td>
        <span className={`chip chip-${mode}`}>{words[mode]}</span>
      </td>
      <td className="number">{compact(waiting)}</td>
      <td className="number">{oldestAgeMs === null ? "–" : duration(oldestAgeMs)}</td>
      <td className="number">{compact(counts.running ?? 0)}</td>
      <td className="number">{compact((counts.scheduled ?? 0) + (counts.retrying ?? 0))}</td>
      <td className="acts">
        <button
          type="button"
          onClick={() =>
            act(
              isOpen
                ? { name: words.pause, run: async ({ $ }) => (await $.pause(queue), words.didPause(queue)) }
                : {
                    name: words.resume,
                    run: async ({ $ }) => (await $.resume(queue), words.didResume(queue)),
                  },
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
      </td>
    </tr>
  );
}
