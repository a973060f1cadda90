/**
 * RabbitMQ alone, by amqplib: quorum queue, persistent messages, confirms, direct reply-to. Replies are kept nowhere.
 * `node rabbitmq-rpc.mjs URL W1|W2|W3|W4 COUNT`
 */
import { connect } from "amqplib";
import { latencies, rate, secondsSince } from "./timing.mjs";
import { endWorkers, startWorker } from "./worker-process.mjs";
import { runWorkload } from "./workloads.mjs";

const url = process.argv[2];
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

const upper = { action: "upper", payload: "hola" };
const isHola = (data) => data === "HOLA";

/** Resolves when it is confirmed. */
function publish(task, options = {}) {
  const body = Buffer.from(JSON.stringify({ id: ++lastId, ...task }));
  return new Promise((resolve, reject) =>
    channel.sendToQueue("bench-rpc", body, { persistent: true, ...options }, (error) =>
      error ? reject(error) : resolve(),
    ),
  );
}

async function ask(task, isRight) {
  const correlationId = String(lastId + 1);
  const answered = new Promise((resolve) => waiting.set(correlationId, resolve));
  await publish(task, { replyTo: "amq.rabbitmq.reply-to", correlationId });
  if (!isRight((await answered).result.data)) throw new Error("a wrong answer");
}

async function inLanes(total, once) {
  let left = total;
  const lane = async () => {
    while (left-- > 0) await once();
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

const startRpcWorker = (prefetch) => startWorker("rabbitmq-rpc-worker.mjs", [url, prefetch]);
const askUpper = () => ask(upper, isHola);
const finish = async (workers, figures) => {
  await endWorkers(...workers);
  await channel.deleteQueue("bench-rpc");
  return figures;
};

await runWorkload({
  async W1(count) {
    const worker = await startRpcWorker(500);
    await inLanes(Math.min(2000, count), askUpper);
    const begin = performance.now();
    await inLanes(count, askUpper);
    return finish([worker], { tasksPerSecond: rate(count, begin) });
  },
  async W2(count) {
    const worker = await startRpcWorker(500);
    await inLanes(Math.min(2000, count), askUpper);
    await latencies(200, askUpper);
    return finish([worker], await latencies(count, askUpper));
  },
  async W3(count) {
    // The next one is there when one is done, and no more: what a worker holds, no other can do.
    const workers = await Promise.all([startRpcWorker(2), startRpcWorker(2)]);
    const askFib = () => ask({ action: "fib", payload: 32 }, (data) => data === 2_178_309);
    await inLanes(8, askFib);
    const begin = performance.now();
    await Promise.all(Array.from({ length: count }, askFib));
    return finish(workers, { seconds: secondsSince(begin) });
  },
  /** No replies, only acknowledgements. */
  async W4(count) {
    const begin = performance.now();
    await inLanes(count, () => publish(upper));
    const submitsPerSecond = rate(count, begin);
    const worker = await startRpcWorker(500);
    const drain = performance.now();
    await new Promise((resolve) => {
      worker.on("message", (done) => done >= count && resolve());
    });
    return finish([worker], { submitsPerSecond, drainedPerSecond: rate(count, drain) });
  },
});
