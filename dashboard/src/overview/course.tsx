/** How it went over the last minutes, hours or day. */
import { useCallback, useMemo, useState } from "react";
import type { Client } from "../../../src/client/browser.ts";
import { HISTORY_WINDOWS, type HistoryPoint, type HistoryWindow } from "../../../src/protocol/messages.ts";
import { Chart } from "../charts/chart.tsx";
import { filled } from "../charts/filled.ts";
import { useLive } from "../live.ts";
import { compact, duration, rate } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const EVERY_MS: Readonly<Record<HistoryWindow, number>> = { "10m": 2000, "2h": 15_000, "1d": 60_000 };

export function Course() {
  const words = useWords();
  const [window, setWindow] = useState<HistoryWindow>("10m");
  const ask = useCallback(({ $ }: Client) => $.history(window), [window]);
  const { value: history } = useLive(ask, EVERY_MS[window]);
  const points = useMemo(() => (history === null ? [] : filled(history)), [history]);
  const at = useMemo(() => points.map((point) => point.at), [points]);
  const of = (read: (point: HistoryPoint) => number): (number | null)[] =>
    points.map(({ point }) => (point === null ? null : read(point)));
  return (
    <section className="course" aria-label={words.course}>
      <header className="bar">
        <h2>{words.course}</h2>
        <div className="segments" role="group" aria-label={words.course}>
          {HISTORY_WINDOWS.map((one) => (
            <button key={one} type="button" aria-pressed={one === window} onClick={() => setWindow(one)}>
              {words[`window${one}`]}
            </button>
          ))}
        </div>
        {history !== null && <small>{words.eachPoint(duration(history.stepMs))}</small>}
      </header>
      <div className="charts">
        <Chart
          title={words.throughput}
          unit={words.aSecond}
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
            { label: "p99", color: "--violet", values: of(({ startDelayMs }) => startDelayMs.p99) },
          ]}
        />
        <Chart
          title={words.runTime}
          at={at}
          tell={duration}
          lines={[
            { label: words.median, color: "--blue", values: of(({ runMs }) => runMs.p50) },
            { label: "p99", color: "--violet", values: of(({ runMs }) => runMs.p99) },
          ]}
        />
        <Chart
          title={words.waitingAndThreads}
          at={at}
          tell={compact}
          isWhole
          lines={[
            { label: words.waiting, color: "--amber", values: of(({ waiting }) => waiting) },
            { label: words.busyThreads, color: "--green", values: of(({ threads }) => threads.busy) },
          ]}
        />
      </div>
    </section>
  );
}
