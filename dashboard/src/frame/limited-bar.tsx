/** Says that the token does not allow all that this page has, and where to go with what it does. */
import { useConnection } from "../connection.tsx";
import { useWords } from "../words/words.tsx";

export function LimitedBar() {
  const { isLimited, state, lock } = useConnection();
  const words = useWords();
  if (!isLimited || state === "locked") return null;
  return (
    <div className="limited-bar" role="status">
      <span>{words.limited}</span>
      <a href="#/tasks">{words.tasks}</a>
      <a href="#/try">{words.tryIt}</a>
      <button type="button" onClick={lock}>
        {words.anotherToken}
      </button>
    </div>
  );
}
