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
  /** A refusal that anybody met; a missing token locks the page. */
  readonly refused: (error: unknown) => void;
};

const TOKEN = "tanda.token";
const Context = createContext<Connection | null>(null);

export function ConnectionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN) ?? undefined);
  const [state, setState] = useState<ConnectionState>("connecting");
  const [client, setClient] = useState<Client | null>(null);
  useEffect(() => {
    const made = connect(location.origin, {
      ...(token === undefined ? {} : { token }),
      // A page that is left open all night is there again in the morning.
      reconnectFor: "365d",
      onConnection: (now) => setState(now === "open" ? "open" : "lost"),
    });
    setClient(made);
    made.$.open().catch(() => setState("lost"));
    return () => void made.$.close({ now: true });
  }, [token]);
  const giveToken = useCallback((given: string) => {
    sessionStorage.setItem(TOKEN, given);
    setState("connecting");
    setToken(given);
  }, []);
  const refused = useCallback((error: unknown) => {
    if (error instanceof TandaError && error.code === "unauthorized") setState("locked");
  }, []);
  const connection = useMemo(
    () => (client === null ? null : { client, state, token, giveToken, refused }),
    [client, state, token, giveToken, refused],
  );
  return connection === null ? null : <Context value={connection}>{children}</Context>;
}

export function useConnection(): Connection {
  const connection = useContext(Context);
  if (connection === null) throw new Error("There is no connection around this part of the page.");
  return connection;
}
