/** Numbers, sizes and times as people read them, in their language. */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value < 10) return new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 }).format(value);
  return compact(value);
}

/** 12,345 as it is, a million as 1M. */
export function compact(value: number): string {
  const notation = value >= 100_000 ? "compact" : "standard";
  const digits = notation === "compact" ? 1 : 0;
  return new Intl.NumberFormat(undefined, { notation, maximumFractionDigits: digits }).format(value);
}

export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(count: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}
