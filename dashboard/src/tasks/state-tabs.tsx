/** The states, and how many tasks are kept in each: the counts follow the filter as far as counts are kept. */
import type { Client } from "../../../src/client/browser.ts";
import type { StatsView } from "../../../src/protocol/messages.ts";
import { STATES } from "../../../src/task/state.ts";
import { useLive } from "../live.ts";
import { compact } from "../numbers.ts";
import { useWords } from "../words/words.tsx";
import { filterLink, type Filter } from "./filter.ts";

const ask = ({ $ }: Client): Promise<StatsView> => $.stats();

export function StateTabs({ filter }: { filter: Filter }) {
  const words = useWords();
  const { value: stats } = useLive(ask, 2000);
  const { action, queue, since, prefix } = filter;
  const isCounted = stats !== null && since === undefined && prefix === undefined;
  const count = (state?: string): string => {
    if (!isCounted) return "";
    const those = stats.counts.filter(
      (one) =>
        (state === undefined || one.state === state) &&
        (action === undefined || one.action === action) &&
        (queue === undefined || one.queue === queue),
    );
    return compact(those.reduce((sum, one) => sum + one.count, 0));
  };
  return (
    <div className="tabs" role="group" aria-label={words.state}>
      {[undefined, ...STATES].map((state) => (
        <a
          key={state ?? ""}
          href={filterLink({ ...filter, state })}
          aria-current={filter.state === state ? "true" : undefined}
        >
          {state === undefined ? words.anyState : words.states[state]} <small>{count(state)}</small>
        </a>
      ))}
    </div>
  );
}
