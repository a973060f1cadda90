/** What waits where, since when, and how fast it goes. */
import type { Client } from "../../../src/client/browser.ts";
import type { QueueView } from "../../../src/protocol/messages.ts";
import { Waiting } from "../frame/waiting.tsx";
import { useLive } from "../live.ts";
import { compact, duration, rate } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { QueueActs } from "./queue-acts.tsx";
import "../style/queues.css";

const ask = ({ $ }: Client): Promise<QueueView[]> => $.queues();

export function Queues() {
  const words = useWords();
  const { value: queues, error } = useLive(ask, 1000);
  if (queues === null) return <Waiting error={error} />;
  return (
    <section>
      <h1>{words.queues}</h1>
      <div className="table">
        <table className="queues">
          <thead>
            <tr>
              <th scope="col">{words.queue}</th>
              <th scope="col">{words.state}</th>
              {[words.waiting, words.oldest, words.running, words.later].map((name) => (
                <th scope="col" className="number" key={name}>
                  {name}
                </th>
              ))}
              <th scope="col" className="number">
                {words.rateIn} <small>{words.window10s}</small>
              </th>
              <th scope="col" className="number">
                {words.rateOut} <small>{words.window10s}</small>
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
  const { queue, mode, waiting, oldestAgeMs, counts, perSecond, missing } = view;
  const figures: [string, string][] = [
    [words.waiting, compact(waiting)],
    [words.oldest, oldestAgeMs === null ? "–" : duration(oldestAgeMs)],
    [words.running, compact(counts.running ?? 0)],
    [words.later, compact((counts.scheduled ?? 0) + (counts.retrying ?? 0))],
    [words.rateIn, `${rate(perSecond.submitted)}/s`],
    [words.rateOut, `${rate(perSecond.finished)}/s`],
  ];
  return (
    <tr>
      <th scope="row">
        <a href={`#/tasks?queue=${encodeURIComponent(queue)}`}>{queue}</a>
        {missing !== undefined && <small> {words.withoutNodes(missing.join(", "))}</small>}
      </th>
      <td>
        <span className={`chip chip-${mode}`}>{words[mode]}</span>
      </td>
      {figures.map(([name, value]) => (
        <td key={name} className="number" data-name={name.charAt(0).toUpperCase() + name.slice(1)}>
          {value}
        </td>
      ))}
      <td className="acts">
        <QueueActs view={view} />
      </td>
    </tr>
  );
}
