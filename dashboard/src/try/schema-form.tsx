/**
 * A form made from a JSON Schema, for what people fill in: texts, numbers, yes or no, one of several, objects and lists of these. What
 * it cannot show is edited as JSON in its place.
 */
import { useId, useState } from "react";
import { useWords } from "../words/words.tsx";

export type Schema = {
  type?: string | string[];
  title?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  format?: string;
};

type FieldProps = {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
  name: string;
  isNeeded: boolean;
};

export function SchemaForm({
  schema,
  value,
  onChange,
}: {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
}) {
  const words = useWords();
  return (
    <Field schema={schema} value={value} onChange={onChange} name={schema.title ?? words.payload} isNeeded />
  );
}

/** A value to begin with, as the schema has it. */
export function firstValue(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (typeOf(schema)) {
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, one]) => [name, firstValue(one)]),
      );
    case "array":
      return [];
    case "string":
      return "";
    case "number":
    case "integer":
      return schema.minimum ?? 0;
    case "boolean":
      return false;
    default:
      return null;
  }
}

function typeOf({ type, properties, items }: Schema): string | undefined {
  if (Array.isArray(type)) return type.find((one) => one !== "null");
  return type ?? (properties ? "object" : items ? "array" : undefined);
}

function Field(props: FieldProps) {
  const { schema, value, onChange, name, isNeeded } = props;
  const id = useId();
  const label = (
    <label htmlFor={id}>
      {schema.title ?? name}
      {isNeeded && <span aria-hidden="true"> *</span>}
      {schema.description !== undefined && <small>{schema.description}</small>}
    </label>
  );
  if (schema.enum !== undefined)
    return (
      <div className="field">
        {label}
        <select
          id={id}
          value={JSON.stringify(value)}
          onChange={(event) => onChange(JSON.parse(event.target.value))}
        >
          {schema.enum.map((one) => (
            <option key={JSON.stringify(one)} value={JSON.stringify(one)}>
              {typeof one === "string" ? one : JSON.stringify(one)}
            </option>
          ))}
        </select>
      </div>
    );
  switch (typeOf(schema)) {
    case "string":
      return (
        <div className="field">
          {label}
          <input
            id={id}
            type={schema.format === "email" ? "email" : "text"}
            value={typeof value === "string" ? value : ""}
            minLength={schema.minLength}
            maxLength={schema.maxLength}
            required={isNeeded && (schema.minLength ?? 0) > 0}
            onChange={(event) => onChange(event.target.value)}
          />
        </div>
      );
    case "number":
    case "integer":
      return (
        <div className="field">
          {label}
          <input
            id={id}
            type="number"
            step={typeOf(schema) === "integer" ? 1 : "any"}
            value={typeof value === "number" ? value : ""}
            min={schema.minimum}
            max={schema.maximum}
            required={isNeeded}
            onChange={(event) => onChange(event.target.value === "" ? undefined : event.target.valueAsNumber)}
          />
        </div>
      );
    case "boolean":
      return (
        <div className="field field-check">
          <input
            id={id}
            type="checkbox"
            checked={value === true}
            onChange={(event) => onChange(event.target.checked)}
          />
          {label}
        </div>
      );
    case "object":
      if (schema.properties !== undefined) return <ObjectField {...props} />;
      return <JsonField {...props} />;
    case "array":
      if (schema.items !== undefined) return <ListField {...props} />;
      return <JsonField {...props} />;
    default:
      return <JsonField {...props} />;
  }
}

function ObjectField({ schema, value, onChange, name }: FieldProps) {
  const object = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  return (
    <fieldset className="field">
      <legend>{schema.title ?? name}</legend>
      {Object.entries(schema.properties ?? {}).map(([key, one]) => (
        <Field
          key={key}
          name={key}
          schema={one}
          value={object[key]}
          isNeeded={schema.required?.includes(key) ?? false}
          onChange={(changed) => {
            const { [key]: _old, ...rest } = object;
            onChange(changed === undefined ? rest : { ...rest, [key]: changed });
          }}
        />
      ))}
    </fieldset>
  );
}

function ListField({ schema, value, onChange, name }: FieldProps) {
  const words = useWords();
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  return (
    <fieldset className="field">
      <legend>{schema.title ?? name}</legend>
      {list.map((one, at) => (
        // oxlint-disable-next-line no-array-index-key -- items have no other name
        <div className="item" key={at}>
          <Field
            name={String(at + 1)}
            schema={schema.items!}
            value={one}
            isNeeded
            onChange={(changed) => onChange(list.with(at, changed))}
          />
          <button
            type="button"
            className="quiet"
            aria-label={words.remove}
            onClick={() => onChange(list.toSpliced(at, 1))}
          >
            ✕
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...list, firstValue(schema.items!)])}>
        + {words.add}
      </button>
    </fieldset>
  );
}

export function JsonField({ value, onChange, name }: Pick<FieldProps, "value" | "onChange" | "name">) {
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
        value={text}
        aria-invalid={isWrong}
        onChange={(event) => {
          setText(event.target.value);
          try {
            onChange(JSON.parse(event.target.value));
            setWrong(false);
          } catch {
            setWrong(true);
          }
        }}
      />
      {isWrong && <small className="wrong">{words.noJson}</small>}
    </div>
  );
}
