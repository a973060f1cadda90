/** Something that changes what runs: it is asked before, and what it did is told. */
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";
import type { Client } from "../../src/client/browser.ts";
import { useConnection } from "./connection.tsx";
import { useWords } from "./words/words.tsx";

export type Act = {
  /** What is asked before; without it, it is done at once. */
  readonly question?: string;
  /** On the button that does it. */
  readonly name: string;
  readonly isDangerous?: boolean;
  /** @param tell how far it is, where it takes long. @returns what was done, for whoever did it. */
  run(client: Client, tell: (progress: string) => void): Promise<string>;
};

const Context = createContext<(act: Act) => void>(() => {});
const TOLD_MS = 6000;

export function ActProvider({ children }: { children: ReactNode }) {
  const words = useWords();
  const { client } = useConnection();
  const dialog = useRef<HTMLDialogElement>(null);
  const [asked, setAsked] = useState<Act | null>(null);
  const [told, setTold] = useState<{ text: string; isBad: boolean } | null>(null);
  const perform = useCallback(
    async (act: Act) => {
      try {
        const text = await act.run(client, (progress) => setTold({ text: `${progress} …`, isBad: false }));
        setTold({ text, isBad: false });
      } catch (error) {
        setTold({ text: error instanceof Error ? error.message : String(error), isBad: true });
      }
    },
    [client],
  );
  const act = useCallback(
    (wanted: Act) => {
      if (wanted.question === undefined) return void perform(wanted);
      setAsked(wanted);
    },
    [perform],
  );
  useEffect(() => {
    if (asked !== null) dialog.current?.showModal();
  }, [asked]);
  useEffect(() => {
    if (told === null) return;
    const timer = setTimeout(() => setTold(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  const value = useMemo(() => act, [act]);
  return (
    <Context value={value}>
      {children}
      <dialog ref={dialog} onClose={() => setAsked(null)} aria-labelledby="question">
        <p id="question">{asked?.question}</p>
        <form method="dialog">
          <button type="submit">{words.no}</button>
          <button
            type="submit"
            className={asked?.isDangerous ? "danger" : "primary"}
            onClick={() => asked && void perform(asked)}
          >
            {asked?.name}
          </button>
        </form>
      </dialog>
      <p className={told?.isBad ? "told told-bad" : "told"} role="status" hidden={told === null}>
        {told?.text}
      </p>
    </Context>
  );
}

export function useAct(): (act: Act) => void {
  return useContext(Context);
}
