/** What may be said of a task besides its payload. What is left empty is as the action has it. */
import { useId } from "react";
import type { SubmitOptions } from "../../../src/protocol/messages.ts";
import { PRIORITIES } from "../../../src/task/task.ts";
import { useWords } from "../words/words.tsx";

const TEXTS = ["queue", "delay", "timeout", "expires", "key"] as const;
/** A number of a unit, as the node reads it; without a unit it means milliseconds. */
const DURATION = String.raw`\d+(\.\d+)?\s*(ms|s|m|h|d|w)?`;
const IS_DURATION: ReadonlySet<string> = new Set(["delay", "timeout", "expires"]);

type OptionsFormProps = { options: SubmitOptions; onChange: (options: SubmitOptions) => void };

export function OptionsForm({ options, onChange }: OptionsFormProps) {
  const words = useWords();
  const id = useId();
  const set = (name: keyof SubmitOptions, value: string | number | undefined): void => {
    const { [name]: _old, ...rest } = options;
    onChange(value === undefined || value === "" ? rest : { ...rest, [name]: value });
  };
  const count = Object.keys(options).length;
  return (
    <details className="options">
      <summary>
        {words.options} {count > 0 && <small>({Object.keys(options).join(", ")})</small>}
      </summary>
      <div className="options-fields">
        {TEXTS.map((name) => (
          <label key={name} className="field" htmlFor={`${id}-${name}`}>
            <span className="name">{words.optionNames[name]}</span>
            <input
              id={`${id}-${name}`}
              value={String(options[name] ?? "")}
              placeholder={IS_DURATION.has(name) ? "30s, 5m, 2h" : ""}
              pattern={IS_DURATION.has(name) ? DURATION : undefined}
              onChange={({ target }) => set(name, target.value)}
            />
          </label>
        ))}
        <label className="field" htmlFor={`${id}-attempts`}>
          <span className="name">{words.attempts}</span>
          <input
            id={`${id}-attempts`}
            type="number"
            min={1}
            step={1}
            value={options.attempts ?? ""}
            onChange={({ target }) => set("attempts", target.value === "" ? undefined : target.valueAsNumber)}
          />
        </label>
        <label className="field" htmlFor={`${id}-priority`}>
          <span className="name">{words.priority}</span>
          <select
            id={`${id}-priority`}
            value={options.priority ?? ""}
            onChange={({ target }) => set("priority", target.value)}
          >
            <option value="">–</option>
            {PRIORITIES.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {options.delay !== undefined && <p className="dim">{words.checkedLater}</p>}
    </details>
  );
}
