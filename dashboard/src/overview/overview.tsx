/** The first page: whether it is well, what runs, and how it went lately. */
import type { Client } from "../../../src/client/browser.ts";
import { Drawing } from "../drawing/drawing.tsx";
import type { Told } from "../drawing/system.ts";
import { Waiting } from "../frame/waiting.tsx";
import { useLive } from "../live.ts";
import { useWords } from "../words/words.tsx";
import { Course } from "./course.tsx";
import { StateOfThings } from "./state-of-things.tsx";
import { Tiles } from "./tiles.tsx";
import "../style/overview.css";

const EVERY_MS = 1000;

async function askAll({ $ }: Client): Promise<Told> {
  const [nodes, workers, queues, stats] = await Promise.all([$.nodes(), $.workers(), $.queues(), $.stats()]);
  return { nodes, workers, queues, stats };
}

export function Overview() {
  const words = useWords();
  const { value: told, error } = useLive(askAll, EVERY_MS);
  if (told === null) return <Waiting error={error} />;
  const isNew = Object.keys(told.stats.states).length === 0 && told.stats.perSecond.submitted === 0;
  return (
    <>
      <h1 className="unseen">{words.overview}</h1>
      {isNew ? <Welcome /> : <StateOfThings told={told} />}
      <Tiles told={told} />
      <Drawing told={told} />
      <Course />
    </>
  );
}

function Welcome() {
  const words = useWords();
  return (
    <section className="welcome">
      <h2>{words.noTasksYet}</h2>
      <p>
        <a href="#/try" className="button primary">
          {words.tryIt}
        </a>{" "}
        <code>npx tanda run upper hola</code>{" "}
        <code>
          curl '{location.origin}/v1/tasks?wait=10' -H 'content-type: application/json' -d{" "}
          {`'{"action":"upper","payload":"hola"}'`}
        </code>
      </p>
    </section>
  );
}
