/** Lines over time. The library draws; colours are those of the page, in light and dark. Who points at an instant reads its values. */
import { useEffect, useRef, useState } from "react";
import uPlot, { type AlignedData, type Options } from "uplot";
import "uplot/dist/uPlot.min.css";
import { instantFormat } from "../locale.ts";
import { useWords } from "../words/words.tsx";

export type Line = {
  readonly label: string;
  /** Name of a colour of the page: "--blue". */
  readonly color: string;
  readonly values: readonly (number | null)[];
};

type ChartProps = {
  title: string;
  unit?: string;
  /** Epoch milliseconds, one for each value. */
  at: readonly number[];
  lines: readonly Line[];
  tell: (value: number) => string;
  /** Counts have no halves. */
  isWhole?: boolean;
};

const WHOLE_STEPS = [1, 2, 5]
  .flatMap((one) => Array.from({ length: 9 }, (_, power) => one * 10 ** power))
  .sort((a, b) => a - b);

const HEIGHT = 150;

export function Chart({ title, unit, at, lines, tell, isWhole = false }: ChartProps) {
  const words = useWords();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const drawn = useRef({ at, lines, tell });
  drawn.current = { at, lines, tell };
  const names = lines.map(({ label, color }) => `${label} ${color}`).join();
  useEffect(() => {
    const element = place.current!;
    const make = (): void => {
      plot.current?.destroy();
      const { at: all, lines: own, tell: told } = drawn.current;
      plot.current = new uPlot(
        optionsOf({
          place: element,
          lines: own,
          tell: told,
          isWhole,
          width: element.clientWidth,
          point: setPointed,
        }),
        dataOf(all, own),
        element,
      );
    };
    make();
    const resized = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    resized.observe(element);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", make);
    return () => {
      resized.disconnect();
      dark.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
    // Drawn anew when the lines are others; their values come below.
  }, [names, tell, isWhole]);
  useEffect(() => {
    plot.current?.setData(dataOf(at, lines));
  }, [at, lines]);
  const shown = pointed !== null && pointed < at.length ? pointed : at.length - 1;
  return (
    <figure className="chart">
      <figcaption>
        <h3>
          {title}{" "}
          <small>
            {unit !== undefined && `${unit}, `}
            {at[shown] === undefined || pointed === null ? words.latestPoint : clock(at[shown], true)}
          </small>
        </h3>
        <ul>
          {lines.map(({ label, color, values }) => (
            <li key={label}>
              <span className="swatch" style={{ background: `var(${color})` }} aria-hidden="true" />
              {label} <strong>{tellOne(values[shown], tell)}</strong>
            </li>
          ))}
        </ul>
      </figcaption>
      <div
        ref={place}
        className="plot"
        role="img"
        aria-label={`${title}: ${lines.map(({ label, values }) => `${label} ${tellOne(values.at(-1), tell)}`).join(", ")}`}
      />
      {at.length < 2 && <p className="chart-empty">{words.nothingYet}</p>}
    </figure>
  );
}

function tellOne(value: number | null | undefined, tell: (value: number) => string): string {
  return value === null || value === undefined ? "–" : tell(value);
}

function clock(ms: number, isExact: boolean): string {
  return instantFormat({
    hour: "2-digit",
    minute: "2-digit",
    ...(isExact ? { second: "2-digit" } : {}),
  }).format(ms);
}

function dataOf(at: readonly number[], lines: readonly Line[]): AlignedData {
  return [at.map((ms) => ms / 1000), ...lines.map(({ values }) => [...values])];
}

/** As it is seen there: a canvas understands neither variables nor colours that depend on light and dark. */
function colorIn(place: HTMLElement, name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  place.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

type Look = {
  place: HTMLElement;
  lines: readonly Line[];
  tell: (value: number) => string;
  isWhole: boolean;
  width: number;
  point: (at: number | null) => void;
};

function optionsOf({ place, lines, tell, isWhole, width, point }: Look): Options {
  const color = (name: string): string => colorIn(place, name);
  const axis = {
    stroke: color("--dim"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    padding: [8, 28, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    hooks: { setCursor: [(plot) => point(plot.cursor.idx ?? null)] },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        // "06:41:20 AM" needs more than "06:41:20".
        space: 96,
        values: (plot, splits) => {
          const { min = 0, max = 0 } = plot.scales["x"]!;
          const isExact = (max ?? 0) - (min ?? 0) < 180;
          return splits.map((split) => clock(split * 1000, isExact));
        },
      },
      {
        ...axis,
        ...(isWhole ? { incrs: WHOLE_STEPS } : {}),
        size: 60,
        space: 36,
        values: (_plot, splits) => splits.map((split) => tell(split)),
      },
    ],
    series: [
      {},
      ...lines.map((line, at) => ({
        label: line.label,
        stroke: color(line.color),
        width: 1.75,
        ...(at === 0 ? { fill: `color-mix(in srgb, ${color(line.color)} 12%, transparent)` } : {}),
        points: { show: false },
      })),
    ],
  };
}
