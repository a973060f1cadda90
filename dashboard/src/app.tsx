/** The frame of all pages: where one is, where one may go, and whether the node is there. */
import { useEffect, type ReactNode } from "react";
import { Actions } from "./actions/actions.tsx";
import { useConnection } from "./connection.tsx";
import { Icon } from "./frame/icons.tsx";
import { Keys } from "./frame/keys.tsx";
import { LimitedBar } from "./frame/limited-bar.tsx";
import { Locked } from "./frame/locked.tsx";
import { Failed } from "./failed/failed.tsx";
import { OfflineBar } from "./offline/offline-bar.tsx";
import { Overview } from "./overview/overview.tsx";
import { Queues } from "./queues/queues.tsx";
import { linkTo, useRoute } from "./route.ts";
import { ListMemoryProvider } from "./tasks/list-memory.tsx";
import { Tasks } from "./tasks/tasks.tsx";
import { OneTask } from "./tasks/one-task.tsx";
import { Try } from "./try/try.tsx";
import { Workers } from "./workers/workers.tsx";
import { useSpeech, type Language } from "./words/words.tsx";

const PAGES = [
  ["/", "overview"],
  ["/tasks", "tasks"],
  ["/try", "tryIt"],
  ["/queues", "queues"],
  ["/workers", "workers"],
  ["/failed", "failed"],
  ["/actions", "actions"],
] as const;

export function App() {
  const { state } = useConnection();
  const { words } = useSpeech();
  return (
    <>
      <button type="button" className="skip" onClick={() => document.getElementById("content")?.focus()}>
        {words.skip}
      </button>
      <Head />
      <OfflineBar />
      <LimitedBar />
      <Keys />
      <main id="content" tabIndex={-1}>
        <ListMemoryProvider>{state === "locked" ? <Locked /> : <Page />}</ListMemoryProvider>
      </main>
    </>
  );
}

function Page(): ReactNode {
  const { path } = useRoute();
  const { words } = useSpeech();
  const name = PAGES.findLast(([page]) => path.startsWith(page))?.[1] ?? "overview";
  const task = /^\/tasks\/([^/]+)$/.exec(path)?.[1];
  useEffect(() => {
    // A task names itself, once it is known.
    if (task === undefined) document.title = `${words[name]} · Tanda`;
  }, [words, name, task]);
  if (task !== undefined) return <OneTask key={task} task={task} />;
  if (path === "/tasks") return <Tasks />;
  if (path === "/try") return <Try />;
  if (path === "/queues") return <Queues />;
  if (path === "/workers") return <Workers />;
  if (path === "/failed") return <Failed />;
  if (path === "/actions") return <Actions />;
  return <Overview />;
}

function Head() {
  const { state } = useConnection();
  const { words, language, choose } = useSpeech();
  const { path } = useRoute();
  const said = state === "open" ? words.connected : state === "connecting" ? words.connecting : words.lost;
  return (
    <header className="head">
      <a href="#/" className="brand">
        <img src="./icon.svg" alt="" width="28" height="28" /> Tanda
      </a>
      <nav aria-label={words.pages}>
        {PAGES.map(([page, name]) => (
          <a
            key={page}
            href={linkTo(page)}
            aria-current={(page === "/" ? path === "/" : path.startsWith(page)) ? "page" : undefined}
          >
            <Icon name={name} />
            <span>{words[name]}</span>
          </a>
        ))}
      </nav>
      <p className={`link link-${state}`} role="status">
        <span className="dot" aria-hidden="true" />
        {said}
      </p>
      <select
        value={language}
        onChange={(event) => choose(event.target.value as Language)}
        aria-label="Language · Idioma"
      >
        <option value="en">English</option>
        <option value="es">Español</option>
      </select>
    </header>
  );
}
