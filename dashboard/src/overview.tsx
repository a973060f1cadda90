/** The first page: what runs, and how it went lately. */
import { useCallback, useMemo, useState } from "react";
import type { Client } from "../../src/client/browser.ts";
import { HISTORY_WINDOWS, type HistoryWindow } from "../../src/protocol/messages.ts";
import { Chart } from "./charts/chart.tsx";
import { filled } from "./charts/filled.ts";
import { Drawing } from "./drawing/drawing.tsx";
import { useLive } from "./live.ts";
import { compact, duration, rate } from "./numbers.ts";
import { useWords } from "./words/words.tsx";

const EVERY_MS = 1000;
const HISTORY_EVERY_MS = 2000;

async function askAll({ $ }: Client) {
  const [nodes, workers, queues, stats] = await Promise.all([$.nodes(), $.workers(), $.queues(), $.stats()]);
  return { nodes, workers, queues, stats };
}

export function Overview() {
  const words = useWords();
  const { value: told, error } = useLive(askAll, EVERY_MS);
  if (told === null) return <p className="quiet-note">{error?.message ?? `${words.connecting} …`}</p>;
  const { perSecond, startDelayMs, runMs, states } = told.stats;
  const isNew = Object.keys(states).length === 0 && perSecond.submitted === 0;
  return (
    <>
      <ul className="figures" aria-label={words.lastSeconds}>
        <Tile title={words.finished} value={rate(perSecond.finished)} unit={words.perSecond} />
        <Tile
          title={words.failedRate}
          value={rate(perSecond.failed)}
          unit={words.perSecond}
          tone={perSecond.failed > 0 ? "bad" : undefined}
        />
        <Tile title={words.waiting} value={compact(states.queued ?? 0)} />
        <Tile
          title={words.toStart}
          value={duration(startDelayMs.p50)}
          unit={`${duration(startDelayMs.p99)} ${words.ninetyNine}`}
        />
        <Tile
          title={words.runTime}
          value={duration(runMs.p50)}
          unit={`${duration(runMs.p99)} ${words.ninetyNine}`}
        />
      </ul>
      <Drawing told={told} />
      {isNew && (
        <p className="hint">
          {words.noTasksYet} <code>npx tanda run upper hola</code>
        </p>
      )}
      <Course />
    </>
  );
}

function Course() {
  const words = useWords();
  const [window, setWindow] = useState<HistoryWindow>("10m");
  const ask = useCallback(({ $ }: Client) => $.history(window), [window]);
  const { value: history } = useLive(ask, HISTORY_EVERY_MS);
  const points = useMemo(() => (history === null ? [] : filled(history)), [history]);
  const at = useMemo(() => points.map((point) => point.at), [points]);
  const of = (read: (point: NonNullable<(typeof points)[number]["point"]>) => number): (number | null)[] =>
    points.map(({ point }) => (point === null ? null : read(point)));
  return (
    <section className="course">
      <div className="windows" role="group" aria-label={words.throughput}>
        {HISTORY_WINDOWS.map((one) => (
          <button key={one} type="button" aria-pressed={one === window} onClick={() => setWindow(one)}>
            {words[`window${one}`]}
          </button>
        ))}
      </div>
      <div className="charts">
        <Chart
          title={words.throughput}
          at={at}
          tell={rate}
          lines={[
            { label: words.submitted, color: "--blue", values: of(({ perSecond }) => perSecond.submitted) },
            { label: words.finished, color: "--green", values: of(({ perSecond }) => perSecond.finished) },
            { label: words.failedRate, color: "--red", values: of(({ perSecond }) => perSecond.failed) },
          ]}
        />
        <Chart
          title={words.toStart}
          at={at}
          tell={duration}
          lines={[
            { label: words.median, color: "--blue", values: of(({ startDelayMs }) => startDelayMs.p50) },
            {
              label: words.ninetyNine,
              color: "--violet",
              values: of(({ startDelayMs }) => startDelayMs.p99),
            },
          ]}
        />
        <Chart
          title={words.runTime}
          at={at}
          tell={duration}
          lines={[
            { label: words.median, color: "--blue", values: of(({ runMs }) => runMs.p50) },
            { label: words.ninetyNine, color: "--violet", values: of(({ runMs }) => runMs.p99) },
          ]}
        />
      </div>
    </section>
  );
}

type TileProps = { title: string; value: string; unit?: string; tone?: "bad" | undefined };

function Tile({ title, value, unit, tone }: TileProps) {
  return (
    <li className={tone === "bad" ? "tile tile-bad" : "tile"}>
      <span>{title}</span>
      <strong>{value}</strong>
      {unit !== undefined && <small>{unit}</small>}
    </li>
  );
}
