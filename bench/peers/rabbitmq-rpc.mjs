/**
 * W1 and W2 with RabbitMQ alone, by amqplib: quorum queue, confirms, direct reply-to; results are kept nowhere.
 * `node rabbitmq-rpc.mjs URL W1|W2 COUNT`
 */
import { connect } from "amqplib";
import { rate, startWorker } from "./timing.mjs";

const [url, workload, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const IN_FLIGHT = 1000;
const connection = await connect(url, { noDelay: true });
const channel = await connection.createConfirmChannel();
await channel.assertQueue("bench-rpc", { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.purgeQueue("bench-rpc");
const waiting = new Map();
let lastId = 0;
const hear = ({ properties, content }) => {
  const resolve = waiting.get(properties.correlationId);
  waiting.delete(properties.correlationId);
  resolve(JSON.parse(content));
};
await channel.consume("amq.rabbitmq.reply-to", hear, { noAck: true });

async function ask() {
  const correlationId = String(++lastId);
  const answered = new Promise((resolve) => waiting.set(correlationId, resolve));
  const body = Buffer.from(JSON.stringify({ id: lastId, action: "upper", payload: "hola" }));
  const options = { persistent: true, replyTo: "amq.rabbitmq.reply-to", correlationId };
  await new Promise((resolve, reject) =>
    channel.sendToQueue("bench-rpc", body, options, (error) => (error ? reject(error) : resolve())),
  );
  if ((await answered).result.data !== "HOLA") throw new Error("a wrong answer");
}

async function burst(total) {
  let left = total;
  const lane = async () => {
    while (left-- > 0) await ask();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

const worker = await startWorker("rabbitmq-rpc-worker.mjs", [url]);
await burst(2000);
if (workload === "W1") {
  const begin = performance.now();
  await burst(count);
  console.log(JSON.stringify({ tasksPerSecond: rate(count, begin) }));
} else {
  for (let n = 0; n < 200; n++) await ask();
  const times = [];
  for (let n = 0; n < count; n++) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  console.log(JSON.stringify({ p50Ms: at(0.5), p99Ms: at(0.99), maxMs: times.at(-1) }));
}
worker.kill();
await channel.deleteQueue("bench-rpc");
process.exit(0);
