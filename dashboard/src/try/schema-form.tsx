/** A form made from a JSON Schema: texts, numbers, yes or no, one of several, objects and lists of these. */
import { createContext, useContext, useId, type ReactNode } from "react";
import { useWords } from "../words/words.tsx";
import { JsonField } from "./json-field.tsx";
import { choicesOf, firstValue, kindOf, partsOf, type Schema } from "./schema.ts";

/** Where the node says an input is wrong, as a path of names and numbers: "size.width" or "tags[2]". */
export type Fault = { readonly path: string; readonly message: string };

type FieldProps = {
  schema: Schema;
  value: unknown;
  /** `undefined` leaves it out. */
  onChange: (value: unknown) => void;
  name: string;
  path: string;
  isNeeded: boolean;
};

type FormProps = {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
  fault: Fault | null;
};

const FaultContext = createContext<Fault | null>(null);

export function SchemaForm({ schema, value, onChange, fault }: FormProps) {
  const words = useWords();
  const name = schema.title ?? words.payload;
  return (
    <FaultContext value={fault}>
      <Field schema={schema} value={value} onChange={onChange} name={name} path="" isNeeded />
    </FaultContext>
  );
}

function Field(props: FieldProps) {
  switch (kindOf(props.schema)) {
    case "choice":
      return <ChoiceField {...props} />;
    case "text":
      return <TextField {...props} />;
    case "number":
    case "integer":
      return <NumberField {...props} />;
    case "yesNo":
      return <YesNoField {...props} />;
    case "object":
      return <ObjectField {...props} />;
    case "list":
      return <ListField {...props} />;
    case "json":
      return <JsonPart {...props} />;
  }
}

function JsonPart({ schema, value, onChange, name, path }: FieldProps) {
  const fault = useFault(path);
  return (
    <JsonField value={value} onChange={onChange} name={schema.title ?? name} fault={fault?.message ?? null} />
  );
}

type LabelledProps = FieldProps & {
  isBeside?: boolean;
  children: (id: string, isWrong: boolean) => ReactNode;
};

/** The name, what it is for, and what is wrong with it. */
function Labelled({ schema, name, path, isNeeded, isBeside = false, children }: LabelledProps) {
  const id = useId();
  const fault = useFault(path);
  return (
    <div className={isBeside ? "field field-check" : "field"}>
      {isBeside && children(id, fault !== null)}
      <label htmlFor={id}>
        {schema.title ?? name}
        {isNeeded && !isBeside && <span aria-hidden="true"> *</span>}
        {schema.description !== undefined && <small>{schema.description}</small>}
      </label>
      {!isBeside && children(id, fault !== null)}
      {fault !== null && <small className="wrong">{fault.message}</small>}
    </div>
  );
}

function useFault(path: string): Fault | null {
  const fault = useContext(FaultContext);
  return fault?.path === path ? fault : null;
}

function ChoiceField(props: FieldProps) {
  const { schema, value, onChange, isNeeded } = props;
  return (
    <Labelled {...props}>
      {(id, isWrong) => (
        <select
          id={id}
          aria-invalid={isWrong}
          value={value === undefined ? "" : JSON.stringify(value)}
          onChange={(event) =>
            onChange(event.target.value === "" ? undefined : JSON.parse(event.target.value))
          }
        >
          {!isNeeded && <option value="">–</option>}
          {choicesOf(schema).map((one) => (
            <option key={JSON.stringify(one)} value={JSON.stringify(one)}>
              {typeof one === "string" ? one : JSON.stringify(one)}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

const INPUT_TYPES: Readonly<Record<string, string>> = { email: "email", uri: "url", date: "date" };

function TextField(props: FieldProps) {
  const { schema, value, onChange, isNeeded } = props;
  return (
    <Labelled {...props}>
      {(id, isWrong) => (
        <input
          id={id}
          aria-invalid={isWrong}
          type={INPUT_TYPES[schema.format ?? ""] ?? "text"}
          value={typeof value === "string" ? value : ""}
          minLength={schema.minLength}
          maxLength={schema.maxLength}
          required={isNeeded && (schema.minLength ?? 0) > 0}
          onChange={({ target }) => onChange(target.value === "" && !isNeeded ? undefined : target.value)}
        />
      )}
    </Labelled>
  );
}

function NumberField(props: FieldProps) {
  const { schema, value, onChange, isNeeded } = props;
  return (
    <Labelled {...props}>
      {(id, isWrong) => (
        <input
          id={id}
          aria-invalid={isWrong}
          type="number"
          step={kindOf(schema) === "integer" ? 1 : "any"}
          value={typeof value === "number" ? value : ""}
          // Safe integers are what zod bounds by default: of no help to whoever reads the field.
          min={bound(schema.minimum)}
          max={bound(schema.maximum)}
          required={isNeeded}
          onChange={({ target }) => onChange(target.value === "" ? undefined : target.valueAsNumber)}
        />
      )}
    </Labelled>
  );
}

function bound(value: number | undefined): number | undefined {
  return value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
}

function YesNoField(props: FieldProps) {
  const { value, onChange, isNeeded } = props;
  return (
    <Labelled {...props} isBeside>
      {(id) => (
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          onChange={({ target }) => onChange(target.checked || isNeeded ? target.checked : undefined)}
        />
      )}
    </Labelled>
  );
}

function ObjectField({ schema, value, onChange, name, path, isNeeded }: FieldProps) {
  const words = useWords();
  const fault = useFault(path);
  const title = schema.title ?? name;
  if (value === undefined && !isNeeded)
    return (
      <p className="field">
        <button type="button" onClick={() => onChange(firstValue(schema))}>
          + {title}
        </button>
      </p>
    );
  const object = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const { properties = {}, required = [] } = partsOf(schema);
  return (
    <fieldset className="field">
      <legend>
        {title}
        {!isNeeded && (
          <button
            type="button"
            className="quiet"
            aria-label={`${words.remove} ${title}`}
            onClick={() => onChange(undefined)}
          >
            ✕
          </button>
        )}
      </legend>
      {Object.entries(properties).map(([key, one]) => (
        <Field
          key={key}
          name={key}
          path={path === "" ? key : `${path}.${key}`}
          schema={one}
          value={object[key]}
          isNeeded={required.includes(key)}
          onChange={(changed) => {
            const { [key]: _old, ...rest } = object;
            onChange(changed === undefined ? rest : { ...rest, [key]: changed });
          }}
        />
      ))}
      {fault !== null && <small className="wrong">{fault.message}</small>}
    </fieldset>
  );
}

function ListField({ schema, value, onChange, name, path, isNeeded }: FieldProps) {
  const words = useWords();
  const fault = useFault(path);
  const title = schema.title ?? name;
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  const items = partsOf(schema).items!;
  return (
    <fieldset className="field">
      <legend>{title}</legend>
      {list.map((one, at) => (
        // oxlint-disable-next-line no-array-index-key -- items have no other name
        <div className="item" key={at}>
          <Field
            name={String(at + 1)}
            path={`${path}[${at}]`}
            schema={items}
            value={one}
            isNeeded
            onChange={(changed) => onChange(list.with(at, changed))}
          />
          <button
            type="button"
            className="quiet"
            aria-label={`${words.remove} ${title} ${at + 1}`}
            onClick={() => onChange(list.length === 1 && !isNeeded ? undefined : list.toSpliced(at, 1))}
          >
            ✕
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...list, firstValue(items)])}>
        + {words.addTo(title)}
      </button>
      {fault !== null && <small className="wrong">{fault.message}</small>}
    </fieldset>
  );
}
