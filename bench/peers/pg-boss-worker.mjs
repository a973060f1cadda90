import { PgBoss } from "pg-boss";

const boss = new PgBoss({
  connectionString: process.argv[2],
  useListenNotify: true,
  schedule: false,
  max: 10,
});
boss.on("error", (error) => console.error(error.message));
await boss.start();
const options = {
  batchSize: 500,
  localConcurrency: 2,
  pollingIntervalSeconds: 0.5,
  notifyPollingIntervalSeconds: 0.5,
  burstWhenBatchFull: true,
  perJobResults: true,
};
await boss.work("bench", options, async (jobs) =>
  jobs.map(({ id, data }) => ({
    id,
    status: "completed",
    output: { ok: true, data: data.payload.toUpperCase() },
  })),
);
await new Promise((wake) => setTimeout(wake, 300));
console.log("READY");
