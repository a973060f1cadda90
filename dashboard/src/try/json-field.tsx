import { useId, useState } from "react";
import { useWords } from "../words/words.tsx";

type JsonFieldProps = {
  value: unknown;
  onChange: (value: unknown) => void;
  name: string;
  fault?: string | null;
  onWrong?: (isWrong: boolean) => void;
};

/** Any value, as JSON. What is no JSON yet changes nothing. */
export function JsonField({ value, onChange, name, fault = null, onWrong }: JsonFieldProps) {
  const words = useWords();
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(value, null, 2) ?? "null");
  const [isWrong, setWrong] = useState(false);
  return (
    <div className="field">
      <label htmlFor={id}>
        {name} <small>JSON</small>
      </label>
      <textarea
        id={id}
        rows={Math.min(14, Math.max(3, text.split("\n").length))}
        spellCheck={false}
        autoCapitalize="off"
        value={text}
        aria-invalid={isWrong || fault !== null}
        ref={(area) => area?.setCustomValidity(isWrong ? words.noJson : "")}
        onChange={({ target }) => {
          setText(target.value);
          try {
            onChange(JSON.parse(target.value));
            setWrong(false);
            onWrong?.(false);
          } catch {
            setWrong(true);
            onWrong?.(true);
          }
        }}
      />
      {isWrong && <small className="wrong">{words.noJson}</small>}
      {fault !== null && <small className="wrong">{fault}</small>}
    </div>
  );
}
