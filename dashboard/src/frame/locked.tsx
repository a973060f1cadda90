/** What is shown to who has no token yet. */
import { useConnection } from "../connection.tsx";
import { useWords } from "../words/words.tsx";

export function Locked() {
  const words = useWords();
  const { giveToken } = useConnection();
  return (
    <form
      className="locked"
      onSubmit={(event) => {
        event.preventDefault();
        const token = event.currentTarget.elements.namedItem("token") as HTMLInputElement;
        giveToken(token.value);
      }}
    >
      <h1>{words.tokenNeeded}</h1>
      <p>{words.tokenHint}</p>
      {/* Whoever keeps passwords keeps it under a name. */}
      <input type="text" name="username" autoComplete="username" defaultValue="tanda" hidden readOnly />
      <label>
        {words.token} <input name="token" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">{words.enter}</button>
    </form>
  );
}
