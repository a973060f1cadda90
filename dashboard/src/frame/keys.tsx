/** What keys do everywhere: to search, to walk through what is listed, to go from page to page, and to be told all that. */
import { useEffect, useRef, useState } from "react";
import { go } from "../route.ts";
import { useWords } from "../words/words.tsx";

/** After `g`. */
const PAGES: Readonly<Record<string, string>> = {
  o: "#/",
  t: "#/tasks",
  n: "#/try",
  q: "#/queues",
  w: "#/workers",
  f: "#/failed",
  a: "#/actions",
};

export function Keys() {
  const words = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const [isGoing, setGoing] = useState(false);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      // While something is asked, the page behind it stays as it is.
      if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) {
        if (event.key === "Escape") at.blur();
        return;
      }
      if (isGoing) {
        setGoing(false);
        const page = PAGES[event.key];
        if (page !== undefined) go(page);
        return;
      }
      if (event.key === "g") setGoing(true);
      else if (event.key === "?") dialog.current?.showModal();
      else if (event.key === "/") {
        event.preventDefault();
        const search = document.querySelector<HTMLElement>("[data-search]");
        if (search) search.focus();
        else {
          go("#/tasks");
          // Once it is drawn.
          setTimeout(() => document.querySelector<HTMLElement>("[data-search]")?.focus(), 50);
        }
      } else if (event.key === "j" || event.key === "k") walk(event.key === "j" ? 1 : -1);
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [isGoing]);
  return (
    <dialog ref={dialog} aria-label={words.keys}>
      <h2>{words.keys}</h2>
      <dl className="keys">
        {words.keyList.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">{words.close}</button>
      </form>
    </dialog>
  );
}

/** To the next link of what is listed. */
function walk(step: 1 | -1): void {
  const links = [
    ...document.querySelectorAll<HTMLElement>(
      "main .row a, main tbody a, main .card a, main .react-flow__node",
    ),
  ];
  const at = links.indexOf(document.activeElement as HTMLElement);
  links[Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}
