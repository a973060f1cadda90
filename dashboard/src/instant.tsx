/** An instant as it is told here: local and short; exact, and as programs write it, for whoever points at it. */
import { instantFormat } from "./locale.ts";

export function Instant({ at }: { at: number }) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const short = instantFormat({ ...(isToday ? {} : { dateStyle: "short" }), timeStyle: "medium" });
  const exact = instantFormat({ dateStyle: "full", timeStyle: "long" });
  return (
    <time dateTime={date.toISOString()} title={`${exact.format(date)}\n${date.toISOString()}`}>
      {short.format(date)}
    </time>
  );
}
