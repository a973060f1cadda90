/** A JSON value for people: formatted, large ones folded, blobs as links and pictures. */
import { useState } from "react";
import type { BlobLink } from "../../../src/protocol/messages.ts";
import { bytes } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const FOLDED_LINES = 24;

export function Value({ title, value, isBad = false }: { title: string; value: unknown; isBad?: boolean }) {
  const words = useWords();
  const [isWhole, setWhole] = useState(false);
  if (isBlob(value)) return <Blob title={title} blob={value} />;
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "null");
  const lines = text.split("\n");
  const isLong = lines.length > FOLDED_LINES || text.length > 4000;
  const shown = isWhole || !isLong ? text : `${lines.slice(0, FOLDED_LINES).join("\n").slice(0, 4000)}\n…`;
  return (
    <section className={isBad ? "value value-bad" : "value"}>
      <header>
        <h2>{title}</h2>
        <button type="button" className="quiet" onClick={() => void navigator.clipboard?.writeText(text)}>
          {words.copy}
        </button>
      </header>
      <pre tabIndex={0}>{shown}</pre>
      {isLong && (
        <button type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? words.fold : words.unfold(bytes(text.length))}
        </button>
      )}
    </section>
  );
}

function Blob({ title, blob }: { title: string; blob: BlobLink }) {
  const [isPicture, setPicture] = useState(true);
  const url = `./v1/blobs/${encodeURIComponent(blob.$blob)}`;
  return (
    <section className="value">
      <h2>{title}</h2>
      {isPicture && <img className="blob" src={url} alt="" onError={() => setPicture(false)} />}
      <a href={url} download>
        {blob.$blob.slice(0, 12)}… ({bytes(blob.bytes)})
      </a>
    </section>
  );
}

function isBlob(value: unknown): value is BlobLink {
  return typeof value === "object" && value !== null && typeof (value as BlobLink).$blob === "string";
}
