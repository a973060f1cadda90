/** One sentence for whoever looks for five seconds: all is well, or what is not and where to go. */
import type { Told } from "../drawing/system.ts";
import { compact, duration, rate, share } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import type { Words } from "../words/en.ts";
import { concernsOf, type Concern } from "./attention.ts";

const MOST = 5;

export function StateOfThings({ told }: { told: Told }) {
  const words = useWords();
  const concerns = concernsOf(told);
  if (concerns.length === 0)
    return (
      <p className="state-of-things" role="status">
        <span className="dot" aria-hidden="true" />
        <span>
          {words.allWell(rate(told.stats.perSecond.finished), duration(told.stats.startDelayMs.p99))}
        </span>
      </p>
    );
  return (
    <div role="status">
      <ul className="state-of-things">
        {concerns.slice(0, MOST).map((concern) => {
          const text = tell(concern, words);
          return (
            <li key={text} className={`concern-${concern.tone}`}>
              <span className="dot" aria-hidden="true" />
              {concern.link === "#/" ? <span>{text}</span> : <a href={concern.link}>{text}</a>}
            </li>
          );
        })}
        {concerns.length > MOST && <li>{words.andMore(concerns.length - MOST)}</li>}
      </ul>
    </div>
  );
}

function tell(concern: Concern, { concerns }: Words): string {
  switch (concern.is) {
    case "down":
    case "notReady":
    case "drainingNode":
      return concerns[concern.is](concern.node);
    case "noWorkers":
      return concerns.noWorkers;
    case "drainingWorker":
      return concerns.drainingWorker(concern.worker);
    case "stuck":
      return concerns.stuck(concern.worker, concern.threads);
    case "paused":
    case "drainingQueue":
      return concerns[concern.is](concern.queue, compact(concern.waiting));
    case "late":
      return concerns.late(concern.queue, duration(concern.ageMs));
    case "failing":
      return concerns.failing(share(concern.share));
  }
}
