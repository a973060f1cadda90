/** A small drawing beside each page's name, so that it is found without reading. 24 × 24, lines only. */
const PATHS = {
  overview: "M3 12h4l3-8 4 16 3-8h4",
  tasks: "M9 6h12M9 12h12M9 18h12M4 6h.01M4 12h.01M4 18h.01",
  tryIt: "M7 4.5v15l12-7.5z",
  queues: "M4 7h16M4 12h16M4 17h9",
  workers: "M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z",
  failed: "M12 8v5M12 16.5h.01M12 3 2.5 20h19z",
  actions: "M13 3 5 14h6l-1 7 8-11h-6z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
