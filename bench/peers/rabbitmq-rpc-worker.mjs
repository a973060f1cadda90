/** `rabbitmq-rpc-worker.mjs URL PREFETCH`: tells its parent every now and then how many it has done. */
import "./ends-with-parent.mjs";
import { connect } from "amqplib";
import { fib } from "./fib.mjs";

const TELL_EVERY_MS = 20;
const connection = await connect(process.argv[2], { noDelay: true });
const channel = await connection.createChannel();
await channel.assertQueue("bench-rpc", { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.prefetch(Number(process.argv[3]));
const actions = { upper: (text) => text.toUpperCase(), fib };
let done = 0;
await channel.consume("bench-rpc", (message) => {
  const { id, action, payload } = JSON.parse(message.content);
  const { replyTo, correlationId } = message.properties;
  const reply = JSON.stringify({ id, status: "done", result: { ok: true, data: actions[action](payload) } });
  if (replyTo) channel.sendToQueue(replyTo, Buffer.from(reply), { correlationId });
  channel.ack(message);
  done++;
});
process.send("ready");
setInterval(() => process.send(done), TELL_EVERY_MS);
