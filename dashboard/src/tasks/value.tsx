/** A JSON value for people: formatted, large ones folded, blobs as links and pictures wherever they stand in it. */
import { useEffect, useState } from "react";
import type { BlobLink } from "../../../src/protocol/messages.ts";
import { useConnection } from "../connection.tsx";
import { CopyButton } from "../copy-button.tsx";
import { bytes } from "../numbers.ts";
import { useWords } from "../words/words.tsx";

const FOLDED_LINES = 24;
const FOLDED_CHARS = 4000;
const MOST_BLOBS = 24;
/** Where a token is asked for, what is larger is fetched when somebody wants it. */
const MOST_FETCHED_BYTES = 5_000_000;

export function Value({ title, value, isBad = false }: { title: string; value: unknown; isBad?: boolean }) {
  const words = useWords();
  const [isWhole, setWhole] = useState(false);
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "null");
  const lines = text.split("\n");
  const isLong = lines.length > FOLDED_LINES || text.length > FOLDED_CHARS;
  const shown =
    isWhole || !isLong ? text : `${lines.slice(0, FOLDED_LINES).join("\n").slice(0, FOLDED_CHARS)}\n…`;
  return (
    <section className={isBad ? "value value-bad" : "value"}>
      <header>
        <h2>{title}</h2>
        <CopyButton text={text} />
      </header>
      {blobsIn(value).map((blob) => (
        <Blob key={blob.$blob} blob={blob} />
      ))}
      {!isBlob(value) && <pre tabIndex={0}>{shown}</pre>}
      {isLong && (
        <button type="button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? words.fold : words.unfold(bytes(text.length))}
        </button>
      )}
    </section>
  );
}

/** What it is, only the bytes tell: it is shown when the browser can read it as a picture. */
function Blob({ blob }: { blob: BlobLink }) {
  const words = useWords();
  const [isPicture, setPicture] = useState(true);
  const [isWanted, setWanted] = useState(blob.bytes <= MOST_FETCHED_BYTES);
  const url = useBlobUrl(blob, isWanted);
  const name = blob.$blob.slice(0, 12);
  return (
    <p>
      {isPicture && url !== null && (
        <img className="blob" src={url} alt={words.pictureOf(name)} onError={() => setPicture(false)} />
      )}
      {url === null && !isWanted && (
        <button type="button" onClick={() => setWanted(true)}>
          {words.fetchBlob(bytes(blob.bytes))}
        </button>
      )}
      {url !== null && (
        <a href={url} download={name}>
          {words.download} {name}… ({bytes(blob.bytes)})
        </a>
      )}
    </p>
  );
}

/** Where a token is asked for, a link alone would be refused: the bytes are fetched with it. */
function useBlobUrl({ $blob }: BlobLink, isWanted: boolean): string | null {
  const { token } = useConnection();
  const link = `./v1/blobs/${encodeURIComponent($blob)}`;
  const [url, setUrl] = useState(token === undefined ? link : null);
  useEffect(() => {
    if (token === undefined || !isWanted) return;
    const gone = new AbortController();
    let made: string | null = null;
    void fetch(link, { headers: { authorization: `Bearer ${token}` }, signal: gone.signal })
      .then(async (answer) => {
        if (answer.ok) setUrl((made = URL.createObjectURL(await answer.blob())));
      })
      .catch(() => undefined);
    return () => {
      gone.abort();
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [link, token, isWanted]);
  return url;
}

function blobsIn(value: unknown, found: BlobLink[] = []): BlobLink[] {
  if (found.length === MOST_BLOBS || typeof value !== "object" || value === null) return found;
  if (isBlob(value)) {
    if (!found.some(({ $blob }) => $blob === value.$blob)) found.push(value);
  } else for (const one of Object.values(value)) blobsIn(one, found);
  return found;
}

function isBlob(value: unknown): value is BlobLink {
  return typeof value === "object" && value !== null && typeof (value as BlobLink).$blob === "string";
}
