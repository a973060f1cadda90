/** At the end, when all is healed: nothing is left anywhere. */
import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { setTimeout as delay } from "node:timers/promises";
import type { Scene } from "./fault.ts";

const WITHIN_MS = 30_000;
/** A row that stays unseen is published again: of many tasks few. */
const MOST_RUNS_A_TASK = 1.2;

export async function checkHealed({ topology, audit, verdicts, witness, orders }: Scene): Promise<void> {
  const left = async (): Promise<string | null> => {
    const rows = await audit.openBefore(Date.now() + 7_200_000);
    if (rows > 0) return `${rows} rows are not final`;
    const queues = await topology.rabbit.first.ctl("list_queues", "name", "messages");
    const full = queues.split("\n").filter((line) => /^tanda\..*\t[1-9]/.test(line));
    return full.length === 0 ? null : `RabbitMQ still has ${full.join(", ").replaceAll("\t", " ")}`;
  };
  for (const until = performance.now() + WITHIN_MS; ; await delay(500)) {
    const what = await left();
    if (what === null) break;
    if (performance.now() > until) {
      verdicts.break("I8", what);
      break;
    }
  }
  const { ceph, bucket } = topology;
  if (ceph !== null && bucket !== null) {
    const client = ceph.client();
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    client.destroy();
    if (Uploads.length > 0) verdicts.break("I8", `${Uploads.length} uploads were begun and never ended`);
  }
  if (witness.executions > orders.count * MOST_RUNS_A_TASK)
    verdicts.break("I8", `${witness.executions} runs of ${orders.count} tasks`);
  verdicts.checked("I8");
}
