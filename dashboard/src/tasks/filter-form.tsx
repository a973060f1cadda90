import { useMemo, type ReactNode } from "react";
import type { Client } from "../../../src/client/browser.ts";
import { useLive } from "../live.ts";
import { go } from "../route.ts";
import { useWords } from "../words/words.tsx";
import { filterLink, isEmpty, type Filter } from "./filter.ts";

const SINCES = ["10m", "1h", "1d", "7d"] as const;
const AN_INSTANT = "instant";
const HOUR_MS = 3_600_000;

const ask = async ({ $ }: Client): Promise<{ actions: string[]; queues: string[] }> => {
  const [actions, queues] = await Promise.all([$.actions(), $.queues()]);
  return { actions: actions.map(({ action }) => action), queues: queues.map(({ queue }) => queue) };
};

export function FilterForm({ filter, children }: { filter: Filter; children: ReactNode }) {
  const words = useWords();
  const { value: known } = useLive(ask, 30_000);
  const set = (name: keyof Filter, value: string): void =>
    go(filterLink({ ...filter, [name]: value === "" ? undefined : value }), false);
  const { since, prefix } = filter;
  const isInstant = since !== undefined && !(SINCES as readonly string[]).includes(since);
  return (
    <form className="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        type="search"
        data-search
        placeholder={words.idOrKey}
        aria-label={words.idOrKey}
        value={prefix ?? ""}
        onChange={(event) => set("prefix", event.target.value)}
      />
      <Choice
        name={words.action}
        all={known?.actions}
        value={filter.action}
        onChoose={(value) => set("action", value)}
      />
      <Choice
        name={words.queue}
        all={known?.queues}
        value={filter.queue}
        onChoose={(value) => set("queue", value)}
      />
      <select
        aria-label={words.since}
        value={isInstant ? AN_INSTANT : (since ?? "")}
        onChange={({ target: { value } }) =>
          set("since", value === AN_INSTANT ? new Date(Date.now() - HOUR_MS).toISOString() : value)
        }
      >
        <option value="">{words.anyTime}</option>
        {SINCES.map((one) => (
          <option key={one} value={one}>
            {words.sinces[one]}
          </option>
        ))}
        <option value={AN_INSTANT}>{words.sinceInstant}</option>
      </select>
      {isInstant && (
        <input
          type="datetime-local"
          aria-label={words.sinceInstant}
          value={toLocal(since)}
          onChange={({ target: { value } }) => value !== "" && set("since", new Date(value).toISOString())}
        />
      )}
      {!isEmpty(filter) && (
        <a href="#/tasks" className="button">
          {words.clearFilter}
        </a>
      )}
      {children}
    </form>
  );
}

type ChoiceProps = {
  name: string;
  all: readonly string[] | undefined;
  value: string | undefined;
  onChoose: (value: string) => void;
};

function Choice({ name, all = [], value, onChoose }: ChoiceProps) {
  const words = useWords();
  // Of what is gone from the system tasks may still be kept.
  const options = useMemo(
    () => [...new Set(value === undefined ? all : [...all, value])].sort((a, b) => a.localeCompare(b)),
    [all, value],
  );
  return (
    <select aria-label={name} value={value ?? ""} onChange={(event) => onChoose(event.target.value)}>
      <option value="">{words.any(name)}</option>
      {options.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  );
}

/** As the field wants it: local, without a zone. An instant of another form, from an address that somebody typed, is left open. */
function toLocal(instant: string): string {
  const date = new Date(/^\d+$/.test(instant) ? Number(instant) : instant);
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
