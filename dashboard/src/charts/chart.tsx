/** Lines over time. The library draws; colours are those of the page, in light and dark. */
import { useEffect, useRef } from "react";
import uPlot, { type AlignedData, type Options } from "uplot";
import "uplot/dist/uPlot.min.css";

export type Line = {
  readonly label: string;
  /** Name of a colour of the page: "--blue". */
  readonly color: string;
  readonly values: readonly (number | null)[];
};

type ChartProps = {
  title: string;
  /** Epoch milliseconds, one for each value. */
  at: readonly number[];
  lines: readonly Line[];
  tell: (value: number) => string;
};

const HEIGHT = 150;

export function Chart({ title, at, lines, tell }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const names = lines.map(({ label, color }) => `${label} ${color}`).join();
  useEffect(() => {
    const element = place.current!;
    const make = (): void => {
      plot.current?.destroy();
      const width = element.clientWidth;
      plot.current = new uPlot(optionsOf(lines, tell, width), [[]], element);
      plot.current.setData(dataOf(at, lines));
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
  }, [names, tell]);
  useEffect(() => {
    plot.current?.setData(dataOf(at, lines));
  }, [at, lines]);
  const latest = lines.map(({ label, color, values }) => (
    <li key={label}>
      <span className="swatch" style={{ background: `var(${color})` }} />
      {label} <strong>{tell(values.at(-1) ?? 0)}</strong>
    </li>
  ));
  return (
    <figure className="chart">
      <figcaption>
        <h3>{title}</h3>
        <ul>{latest}</ul>
      </figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf(at: readonly number[], lines: readonly Line[]): AlignedData {
  return [at.map((ms) => ms / 1000), ...lines.map(({ values }) => [...values])];
}

function optionsOf(lines: readonly Line[], tell: (value: number) => string, width: number): Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
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
    cursor: { y: false, points: { size: 6 } },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 24 },
      { ...axis, size: 56, values: (_plot, splits) => splits.map((split) => tell(split)) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: color(line.color),
        width: 1.75,
        fill: `color-mix(in srgb, ${color(line.color)} 10%, transparent)`,
        points: { show: false },
      })),
    ],
  };
}
