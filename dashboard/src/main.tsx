import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ActProvider } from "./act.tsx";
import { App } from "./app.tsx";
import { ConnectionProvider } from "./connection.tsx";
import { keepPage } from "./offline/register.ts";
import { OutboxProvider } from "./outbox/outbox-provider.tsx";
import { WordsProvider } from "./words/words.tsx";
import "./style/base.css";
import "./style/frame.css";
import "./style/parts.css";

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <WordsProvider>
      <ConnectionProvider>
        <OutboxProvider>
          <ActProvider>
            <App />
          </ActProvider>
        </OutboxProvider>
      </ConnectionProvider>
    </WordsProvider>
  </StrictMode>,
);
keepPage();
