/** The one outbox of this page. What waits in it is sent whenever there is a connection. */
import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { useConnection } from "../connection.tsx";
import { isWaiting, Outbox, type Entry } from "./outbox.ts";
import { Sender } from "./sender.ts";

/** For what a node could not take just then, and to look whether one is there again. */
const AGAIN_MS = 20_000;
const Context = createContext<Outbox | null>(null);

export function OutboxProvider({ children }: { children: ReactNode }) {
  const { client, state } = useConnection();
  const [outbox] = useState(() => new Outbox(localStorage));
  useEffect(() => {
    addEventListener("storage", outbox.reload);
    return () => removeEventListener("storage", outbox.reload);
  }, [outbox]);
  useEffect(() => {
    if (state !== "open") return;
    const sender = new Sender(outbox, client);
    const leave = outbox.subscribe(sender.sendAll);
    const timer = setInterval(sender.sendAll, AGAIN_MS);
    sender.sendAll();
    return () => {
      clearInterval(timer);
      leave();
      sender.stop();
    };
  }, [outbox, client, state]);
  useEffect(() => {
    if (state !== "lost") return;
    // A client to which nothing is asked does not look for a node.
    const look = (): void => {
      if (outbox.entries().some(isWaiting)) client.$.open().catch(() => undefined);
    };
    const timer = setInterval(look, AGAIN_MS);
    addEventListener("online", look);
    return () => {
      clearInterval(timer);
      removeEventListener("online", look);
    };
  }, [outbox, client, state]);
  return <Context value={outbox}>{children}</Context>;
}

export function useOutbox(): { outbox: Outbox; entries: readonly Entry[] } {
  const outbox = useContext(Context);
  if (outbox === null) throw new Error("There is no outbox around this part of the page.");
  return { outbox, entries: useSyncExternalStore(outbox.subscribe, outbox.entries) };
}
