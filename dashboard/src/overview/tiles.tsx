/** The five numbers one asks for first; each says over what it was measured. */
import type { ReactNode } from "react";
import type { Told } from "../drawing/system.ts";
import { failedShare } from "../failed/failed-share.ts";
import { compact, duration, rate, share } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

export function Tiles({ told: { stats, queues } }: { told: Told }) {
  const words = useWords();
  const { perSecond, startDelayMs, runMs, states, threads } = stats;
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const failing = failedShare(perSecond);
  return (
    <ul className="figures">
      <Tile
        title={words.finished}
        value={rate(perSecond.finished)}
        link="#/tasks"
        unit={words.aSecond}
        window={words.window10s}
      />
      <Tile
        title={words.failedRate}
        value={perSecond.finished === 0 ? "–" : share(failing)}
        unit={`${rate(perSecond.failed)} ${words.aSecond}, ${words.kept(compact(states.failed ?? 0))}`}
        link="#/failed"
        window={words.window10s}
        isBad={failing > 0}
      />
      <Tile
        title={words.waiting}
        value={compact(waiting)}
        link="#/queues"
        unit={`${compact(states.running ?? 0)} ${words.running}, ${threads.busy} / ${threads.total} ${words.threads}`}
        window={words.now}
      />
      <Tile
        title={words.toStart}
        value={measured(startDelayMs, startDelayMs.p50)}
        unit={`p99 ${measured(startDelayMs, startDelayMs.p99)}`}
        link="#/actions"
        window={words.window20s}
      />
      <Tile
        title={words.runTime}
        value={measured(runMs, runMs.p50)}
        unit={`p99 ${measured(runMs, runMs.p99)}`}
        link="#/actions"
        window={words.window20s}
      />
    </ul>
  );
}

/** Of nothing, no time was measured. */
function measured({ p99 }: { p99: number }, ms: number): string {
  return p99 === 0 ? "–" : duration(ms);
}

type TileProps = {
  title: string;
  value: string;
  unit: ReactNode;
  window: string;
  /** Where more is told of it. */
  link: string;
  isBad?: boolean;
};

function Tile({ title, value, unit, window, link, isBad = false }: TileProps) {
  return (
    <li className={isBad ? "tile tile-bad" : "tile"}>
      <span className="tile-head">
        <a href={link} className="name">
          {title}
        </a>{" "}
        <small>{window}</small>
      </span>
      <strong>{value}</strong>
      <small>{unit}</small>
    </li>
  );
}
