import { formatAddress } from "../gateway/listen.ts";
import { TandaError } from "../task/errors.ts";

/** What the system says of an address that cannot be had, told so that a person can act. */
export function tellListenError(error: unknown): unknown {
  const { code, syscall, address, port, message } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (syscall !== "listen" && syscall !== "bind" && syscall !== "getaddrinfo") return error;
  const place = address === undefined ? "" : ` on ${formatAddress({ host: address, port: port ?? 0 })}`;
  if (code === "EADDRINUSE") {
    return new TandaError("conflict", `Tanda cannot listen${place}: another process does.`, {
      hint: "Stop that process, or give this one another address with --listen 127.0.0.1:9001.",
      cause: error,
    });
  }
  return new TandaError("bad_request", `Tanda cannot listen${place}: ${message}`, {
    hint: "Give an address of this machine with --listen; ports under 1024 need rights.",
    cause: error,
  });
}
