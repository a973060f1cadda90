/** Per second, since `begin` (performance.now). */
export function rate(count, begin) {
  return (count / (performance.now() - begin)) * 1000;
}

export function secondsSince(begin) {
  return (performance.now() - begin) / 1000;
}

/** One at a time. */
export async function latencies(count, once) {
  const times = [];
  for (let n = 0; n < count; n++) {
    const begin = performance.now();
    await once();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: times.at(-1) };
}
