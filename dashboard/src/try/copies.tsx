import { useState } from "react";
import type { SubmitOptions } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { CopyButton } from "../copy-button.tsx";
import { useWords } from "../words/words.tsx";
import { copyAs, type Way } from "./copy-as.ts";

const WAYS = [
  ["cli", "tanda"],
  ["curl", "curl"],
  ["nc", "nc"],
  ["ts", "TypeScript"],
] as const satisfies [Way, string][];

export function Copies(props: { action: string; payload: unknown; options: SubmitOptions }) {
  const words = useWords();
  const { token } = useConnection();
  const [way, setWay] = useState<Way>("cli");
  const text = copyAs(way, { ...props, origin: location.origin, hasToken: token !== undefined });
  return (
    <section className="value">
      <header>
        <h2>{words.copyAs}</h2>
        <CopyButton text={text} />
      </header>
      <div className="segments" role="group" aria-label={words.copyAs}>
        {WAYS.map(([one, name]) => (
          <button key={one} type="button" aria-pressed={one === way} onClick={() => setWay(one)}>
            {name}
          </button>
        ))}
      </div>
      <pre tabIndex={0}>{text}</pre>
    </section>
  );
}
