import { connect } from "amqplib";

const connection = await connect(process.argv[2], { noDelay: true });
const channel = await connection.createChannel();
await channel.assertQueue("bench-rpc", { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.prefetch(500);
await channel.consume("bench-rpc", (message) => {
  const { id, payload } = JSON.parse(message.content);
  const reply = JSON.stringify({ id, status: "done", result: { ok: true, data: payload.toUpperCase() } });
  const { replyTo, correlationId } = message.properties;
  channel.sendToQueue(replyTo, Buffer.from(reply), { correlationId });
  channel.ack(message);
});
console.log("READY");
