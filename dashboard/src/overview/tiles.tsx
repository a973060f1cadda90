/** The five numbers one asks for first; each says over what it was measured. */
import type { ReactNode } from "react";
import type { Told } from "../drawing/system.ts";
import { compact, duration, rate, share } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

export function Tiles({ told: { stats, queues } }: { told: Told }) {
  const words = useWords();
  const { perSecond, startDelayMs, runMs, states, threads } = stats;
  const waiting = queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const failing = perSecond.finished === 0 ? 0 : perSecond.failed / perSecond.finished;
  return (
    <ul className="figures">
      <Tile
        title={words.finished}
        value={rate(perSecond.finished)}
        unit={words.aSecond}
        window={words.window10s}
      />
      <Tile
        title={words.failedRate}
        value={share(failing)}
        unit={`${rate(perSecond.failed)} ${words.aSecond}`}
        window={words.window10s}
        isBad={failing > 0}
      />
      <Tile
        title={words.waiting}
        value={compact(waiting)}
        unit={`${compact(states.running ?? 0)} ${words.running}, ${threads.busy} / ${threads.total} ${words.threads}`}
        window={words.now}
      />
      <Tile
        title={words.toStart}
        value={duration(startDelayMs.p50)}
        unit={`p99 ${duration(startDelayMs.p99)}`}
        window={words.window20s}
      />
      <Tile
        title={words.runTime}
        value={duration(runMs.p50)}
        unit={`p99 ${duration(runMs.p99)}`}
        window={words.window20s}
      />
    </ul>
  );
}

type TileProps = { title: string; value: string; unit: ReactNode; window: string; isBad?: boolean };

function Tile({ title, value, unit, window, isBad = false }: TileProps) {
  return (
    <li className={isBad ? "tile tile-bad" : "tile"}>
      <span className="tile-head">
        <span className="name">{title}</span> <small>{window}</small>
      </span>
      <strong>{value}</strong>
      <small>{unit}</small>
    </li>
  );
}
