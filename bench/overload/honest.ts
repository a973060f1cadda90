/** Clients that ask for little, again and again, and wait for each answer: what they notice is what counts. */
import { quantileOf, type Figures } from "../reach/measure.ts";
import { runClients } from "./clients.ts";
import type { LoadPlan, LoadReport } from "./load-plan.ts";

const CLIENTS = 20;
const PER_SECOND = 100;

export function askHonestly(
  port: number,
  request: string,
  seconds: number,
  processors?: string,
): Promise<LoadReport> {
  const plan: LoadPlan = {
    port,
    connections: CLIENTS,
    perSecond: PER_SECOND,
    request,
    onBusy: "obey",
    seconds,
  };
  return runClients(plan, { processors });
}

/** @param prefix of each figure's name. */
export function latencies(prefix: string, { latenciesMs, failed, open }: LoadReport): Figures {
  return {
    [`${prefix}P50Ms`]: quantileOf(latenciesMs, 0.5),
    [`${prefix}P99Ms`]: quantileOf(latenciesMs, 0.99),
    [`${prefix}Unanswered`]: failed + open,
  };
}

export function ratio(figures: Figures, loaded: string, alone: string): number {
  return figures[`${loaded}P99Ms`]! / figures[`${alone}P99Ms`]!;
}
