/** The language of whoever looks: the browser's, or what was chosen here before. */
import { createContext, useContext, useMemo, useState, type ReactNode } from "react";
import { localeFor } from "../locale.ts";
import { en, type Words } from "./en.ts";
import { es } from "./es.ts";

export type Language = "en" | "es";
const ALL: Readonly<Record<Language, Words>> = { en, es };
const CHOSEN = "tanda.language";

type Speech = { words: Words; language: Language; choose: (language: Language) => void };
const Context = createContext<Speech | null>(null);

export function WordsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  // Not after it is drawn: what is drawn writes its numbers as this says.
  document.documentElement.lang = localeFor(language);
  const speech = useMemo(
    () => ({
      words: ALL[language],
      language,
      choose: (chosen: Language) => {
        localStorage.setItem(CHOSEN, chosen);
        setLanguage(chosen);
      },
    }),
    [language],
  );
  return <Context value={speech}>{children}</Context>;
}

export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (speech === null) throw new Error("There are no words around this part of the page.");
  return speech;
}

export function useWords(): Words {
  return useSpeech().words;
}

function firstLanguage(): Language {
  const wanted = localStorage.getItem(CHOSEN) ?? navigator.language;
  return wanted.startsWith("es") ? "es" : "en";
}
