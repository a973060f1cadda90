/** An instant as it is told here: local, short, and exact for whoever points at it. */
export function Instant({ at }: { at: number }) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  const text = new Intl.DateTimeFormat(undefined, {
    ...(isToday ? {} : { dateStyle: "short" }),
    timeStyle: "medium",
  }).format(date);
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {text}
    </time>
  );
}
