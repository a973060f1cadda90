/** In the place of what has not been told yet: that it is awaited, or why it could not be had and what to do. */
import { TandaError } from "../../../src/client/browser.ts";
import { useConnection } from "../connection.tsx";
import { useWords } from "../words/words.tsx";

export function Waiting({ error }: { error: Error | null }) {
  const words = useWords();
  const { state } = useConnection();
  if (error === null || state === "lost")
    return <p className="quiet-note">{state === "lost" ? words.lost : words.connecting} …</p>;
  if (error instanceof TandaError && error.code === "forbidden")
    return <p className="quiet-note">{words.notAllowed}</p>;
  return (
    <p className="wrong">
      {error.message}
      {error instanceof TandaError && error.hint !== undefined && <small> {error.hint}</small>}
    </p>
  );
}
