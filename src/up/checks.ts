/** How one sees from outside that a process is ready. None of these rejects. */
import { get } from "node:http";
import { connect } from "node:net";
import type { Figures, Health } from "./process-plan.ts";

const WITHIN_MS = 3000;
const MOST_BYTES = 4 * 1024 * 1024;

/** A node, gateway or worker: its readiness, and what it counts. */
export async function checkNode(port: number, token: string | null): Promise<Health> {
  try {
    const ready = await ask(port, "/readyz", token);
    if (ready.status !== 200) return { isReady: false, why: reasonOf(ready.body) };
    const metrics = await ask(port, "/metrics", token);
    return { isReady: true, figures: metrics.status === 200 ? readFigures(metrics.body) : null };
  } catch (error) {
    return { isReady: false, why: error instanceof Error ? error.message : String(error) };
  }
}

/** Who takes connections; and answers with those first bytes, if it is asked something. */
export function checkPort(
  host: string,
  port: number,
  says?: { readonly send: Buffer; readonly expect: RegExp },
): Promise<Health> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const settle = (why: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why === null ? { isReady: true, figures: null } : { isReady: false, why });
    };
    const timer = setTimeout(() => settle("it does not answer"), WITHIN_MS);
    socket.once("error", (error) => settle(error.message));
    socket.once("end", () => settle("it hangs up"));
    socket.once("connect", () => {
      if (says === undefined) settle(null);
      else socket.write(says.send);
    });
    socket.once("data", (bytes) => {
      settle(says?.expect.test(bytes.toString("latin1")) === true ? null : "it answers something else");
    });
  });
}

/** Sums of Prometheus samples. In flight is what clients wait for; what nobody waits for shows by the threads that it keeps busy. */
export function readFigures(text: string): Figures {
  let [done, failed, waitedFor, busy] = [0, 0, 0, 0];
  for (const [, name, labels = "", value] of text.matchAll(/^(tanda_\w+)(\{[^\n]*\})? (\d[\d.e+]*)$/gm)) {
    if (name === "tanda_in_flight_tasks") waitedFor += Number(value);
    if (name === "tanda_threads" && /state="(?:busy|stuck)"/.test(labels)) busy += Number(value);
    if (name !== "tanda_tasks_finished_total") continue;
    if (/[{,]state="done"/.test(labels)) done += Number(value);
    else failed += Number(value);
  }
  return { done, failed, inFlight: Math.max(waitedFor, busy) };
}

function reasonOf(body: string): string {
  try {
    const told = JSON.parse(body) as { reason?: string; state?: string };
    return told.reason ?? told.state ?? "it is not ready";
  } catch {
    return "it is not ready";
  }
}

function ask(port: number, path: string, token: string | null): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    const signal = AbortSignal.timeout(WITHIN_MS);
    // A connection for each: one that is kept would hold up who drains.
    const request = get({ host: "127.0.0.1", port, path, headers, agent: false, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
        if (body.length > MOST_BYTES) request.destroy(new Error("its answer is too long"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}
