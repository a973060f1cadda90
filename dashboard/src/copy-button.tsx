import { useEffect, useState } from "react";
import { useWords } from "./words/words.tsx";

const TOLD_MS = 1500;

/** Says for a moment that it is done; where the browser does not allow it (no TLS on another machine), the text is chosen by hand. */
export function CopyButton({ text }: { text: string }) {
  const words = useWords();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), TOLD_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  if (navigator.clipboard === undefined) return null;
  return (
    <button
      type="button"
      className="quiet copy"
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
    >
      {isCopied ? words.copied : words.copy}
    </button>
  );
}
