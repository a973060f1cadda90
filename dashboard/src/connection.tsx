/** The one client of this page, whether it is connected, and the token it was given. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { connect, TandaError, type Client } from "../../src/client/browser.ts";

export type ConnectionState = "connecting" | "open" | "lost" | "locked";
export type Connection = {
  readonly client: Client;
  readonly state: ConnectionState;
  /** What this tab was given, for what is asked over HTTP. */
  readonly token: string | undefined;
  /** Who has one may come in: kept for this tab only. */
  readonly giveToken: (token: string) => void;
  /** The token does not allow all that the page would show. */
  readonly isLimited: boolean;
  /** Another token is wanted. */
  readonly lock: () => void;
  /** A refusal that anybody met; a missing token locks the page. */
  readonly refused: (error: unknown) => void;
};

const TOKEN = "tanda.token";
const Context = createContext<Connection | null>(null);

export function ConnectionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN) ?? undefined);
  const [state, setState] = useState<ConnectionState>("connecting");
  const [tries, setTries] = useState(0);
  const [isLimited, setLimited] = useState(false);
  const [client, setClient] = useState<Client | null>(null);
  const refused = useCallback((error: unknown) => {
    if (!(error instanceof TandaError)) return;
    if (error.code === "unauthorized") setState("locked");
    if (error.code === "forbidden") setLimited(true);
  }, []);
  useEffect(() => {
    // A page that shows little may ask nothing: then only this tells that its token is over.
    const look = (): void =>
      void made.$.open().catch((error: unknown) => {
        setState("lost");
        refused(error);
      });
    const made = connect(location.origin, {
      ...(token === undefined ? {} : { token }),
      // A page that is left open all night is there again in the morning.
      reconnectFor: "365d",
      onConnection: (now) => {
        setState(now === "open" ? "open" : "lost");
        if (now !== "open") look();
      },
    });
    setClient(made);
    look();
    return () => void made.$.close({ now: true });
    // Given once more it is tried once more.
  }, [token, tries, refused]);
  const giveToken = useCallback((given: string) => {
    sessionStorage.setItem(TOKEN, given);
    setLimited(false);
    setState("connecting");
    setToken(given);
    setTries((before) => before + 1);
  }, []);
  const lock = useCallback(() => setState("locked"), []);
  const connection = useMemo(
    () => (client === null ? null : { client, state, token, giveToken, isLimited, lock, refused }),
    [client, state, token, giveToken, isLimited, lock, refused],
  );
  return connection === null ? null : <Context value={connection}>{children}</Context>;
}

export function useConnection(): Connection {
  const connection = useContext(Context);
  if (connection === null) throw new Error("There is no connection around this part of the page.");
  return connection;
}
