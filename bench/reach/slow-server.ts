/** A service that answers each line after 5 ms. A process of its own: `fork` it; it tells its port, then how many waited at once at most. */
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const ANSWERS_AFTER_MS = 5;
let waiting = 0;
let peak = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    const all = rest + text;
    const end = all.lastIndexOf("\n") + 1;
    rest = all.slice(end);
    void answer(all.slice(0, end));
  });
  socket.on("error", () => undefined);

  // The lines of one read came together, and are answered together.
  const answer = async (lines: string): Promise<void> => {
    const count = lines.split("\n").length - 1;
    waiting += count;
    peak = Math.max(peak, waiting);
    await delay(ANSWERS_AFTER_MS);
    waiting -= count;
    socket.write(lines);
  };
});
server.listen(0, "127.0.0.1", () => process.send!((server.address() as AddressInfo).port));
process.on("message", () => process.send!(peak));
process.on("disconnect", () => process.exit());
