import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { test } from "node:test";
import { dial, openGateway, talk } from "./open-gateway.ts";

const PROTOCOL = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

test("answers the examples of the protocol's page byte for byte", async (t) => {
  const { port } = await openGateway(t);
  const block = /```exact\n([^]*?)```/.exec(PROTOCOL)![1]!;
  const pairs = [...block.matchAll(/^→ (.*)\n← (.*)$/gm)];
  assert.ok(pairs.length >= 11);
  for (const [, request, reply] of pairs) assert.equal(await talk(t, port, `${request}\n`), `${reply}\n`);
});

test("answers the inline examples of the protocol's page", async (t) => {
  const { port } = await openGateway(t);
  const section = PROTOCOL.slice(PROTOCOL.indexOf("### For people"), PROTOCOL.indexOf("## HTTP"));
  const rows = [...section.matchAll(/^\| `([^`]+)` \| `([^`]+)`/gm)].filter(
    ([, typed]) => !typed!.includes("TOKEN"),
  );
  assert.ok(rows.length >= 4);
  for (const [, typed, got] of rows) {
    const answer = await talk(t, port, `${typed}\n`);
    assert.ok(answer === `${got}\n` || answer.startsWith(`${got} (`), answer);
  }
});

test("answers the line a byte at a time, with CRLF, after blank lines, and without its newline at the end", async (t) => {
  const { port } = await openGateway(t);
  const answer = '{"id":1,"status":"done","result":{"ok":true,"data":"HOLA"}}\n';
  const line = '{"id":1,"action":"upper","payload":"hola"}';
  for (const sent of [`${line}\n`, `${line}\r\n`, `\r\n\r\n\n${line}\n`, line]) {
    const client = await dial(t, port);
    for (const byte of Buffer.from(sent)) {
      client.send(Buffer.of(byte));
      await delay(0);
    }
    client.socket.end();
    assert.equal(await client.ended(), answer);
  }
});

test("keeps characters whole wherever a chunk ends", async (t) => {
  const { port } = await openGateway(t);
  const bytes = Buffer.from('{"id":"ñ€𝄞","action":"echo","payload":"añ€𝄞z"}\n');
  for (let cut = 1; cut < bytes.length; cut += 3) {
    const client = await dial(t, port);
    client.send(bytes.subarray(0, cut));
    await delay(1);
    client.send(bytes.subarray(cut));
    assert.deepEqual(await client.lines(1), [
      '{"id":"ñ€𝄞","status":"done","result":{"ok":true,"data":"añ€𝄞z"}}',
    ]);
    client.socket.destroy();
  }
});

test("takes what one read brings as one batch, and answers each once", async (t) => {
  const { port, engine } = await openGateway(t);
  const requests = Array.from(
    { length: 500 },
    (_, id) => `{"id":${id},"action":"echo","payload":${id}}\n`,
  ).join("");
  const replies = (await talk(t, port, requests))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(replies.length, 500);
  assert.ok(replies.every(({ id, result }) => result.data === id));
  assert.ok(engine.batches.length < 20, `${engine.batches.length} batches`);
});

test("answers of any length come whole, long ones between short ones", async (t) => {
  const { port } = await openGateway(t);
  const lengths = [1, 16_381, 16_382, 16_383, 2, 100_000, 3, 20_000, 20_000, 5];
  const requests = lengths.map(
    (length, id) => `{"id":${id},"action":"echo","payload":"${"ñ".repeat(length)}"}\n`,
  );
  const replies = (await talk(t, port, requests.join(""))).trimEnd().split("\n");
  assert.deepEqual(
    replies.map((line) => JSON.parse(line)).toSorted((one, other) => one.id - other.id),
    lengths.map((length, id) => ({
      id,
      status: "done",
      result: { ok: true, data: "ñ".repeat(length) },
    })),
  );
});

test("sends pending answers after the client's FIN, then closes", async (t) => {
  const { port } = await openGateway(t);
  const text = await talk(t, port, '{"id":1,"action":"sleep","payload":60}\n{"id":2,"action":"echo"}\n');
  assert.deepEqual(text.trimEnd().split("\n"), [
    '{"id":2,"status":"done","result":{"ok":true,"data":null}}',
    '{"id":1,"status":"done","result":{"ok":true,"data":60}}',
  ]);
});

test("never speaks first", async (t) => {
  const { port } = await openGateway(t);
  const client = await dial(t, port);
  await delay(100);
  assert.equal(client.text, "");
  assert.equal(client.isEnded, false);
});

test("refuses what is not UTF-8, with the id, and goes on", async (t) => {
  const { port } = await openGateway(t);
  const bad = Buffer.concat([
    Buffer.from('{"id":3,"action":"echo","payload":"'),
    Buffer.of(0xff, 0xc0),
    Buffer.from('"}\n{"id":4,"action":"echo","payload":"\uFFFD"}\n'),
  ]);
  const lines = (await talk(t, port, bad)).trimEnd().split("\n");
  assert.equal(
    lines[0],
    '{"id":3,"status":"failed","result":{"ok":false,"error":{"code":"bad_json","message":"the line is not valid UTF-8"}}}',
  );
  assert.equal(lines[1], '{"id":4,"status":"done","result":{"ok":true,"data":"\uFFFD"}}');
});

test("keys like __proto__ pass through payloads and never name anything", async (t) => {
  const { port } = await openGateway(t);
  const payload = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"x":1}},"toString":1}';
  assert.equal(
    await talk(t, port, `{"id":{"__proto__":1},"action":"echo","payload":${payload}}\n`),
    `{"id":{"__proto__":1},"status":"done","result":{"ok":true,"data":${payload}}}\n`,
  );
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  for (const action of ["__proto__", "toString", "constructor"]) {
    assert.match(await talk(t, port, `{"action":"${action}"}\n`), /unknown_action/);
    assert.match(await talk(t, port, `{"op":"${action}"}\n`), /unknown op/);
    assert.match(await talk(t, port, `{"action":"echo","options":{"${action}":1}}\n`), /unknown option/);
    assert.match(await talk(t, port, `{"action":"echo","${action}":1}\n`), /unknown field/);
  }
});

test("any JSON value may be an id, and comes back as it was", async (t) => {
  const { port } = await openGateway(t);
  for (const id of [
    "0",
    "-0",
    "null",
    '""',
    "true",
    "1.5",
    "[1,{}]",
    '{"a":[null]}',
    "9007199254740991",
    '"\\u0000\\""',
  ]) {
    assert.match(
      await talk(t, port, `{"id":${id},"op":"ping"}\n`),
      new RegExp(`^\\{"id":${escaped(id)},"status":"ok"`),
    );
  }
  for (const id of ["9007199254740993", "-9007199254740993", "1e400", "[9007199254740993]", '{"a":1e300}']) {
    const reply = JSON.parse(await talk(t, port, `{"id":${id},"op":"ping"}\n`));
    assert.equal(reply.id, undefined);
    assert.equal(reply.result.error.code, "bad_request");
    assert.equal(reply.result.error.hint, "Send it as a string.");
  }
});

test("a number that would become null is refused", async (t) => {
  const { port } = await openGateway(t);
  assert.match(
    await talk(t, port, '{"id":1,"action":"echo","payload":[null,1e400]}\n'),
    /"id":1,.*too large to keep/,
  );
  assert.match(
    await talk(t, port, '{"id":1,"action":"echo","payload":[null,1e300]}\n'),
    /"data":\[null,1e\+300\]/,
  );
});

test("inline answers come in the order they were typed, one line each", async (t) => {
  const { port } = await openGateway(t);
  const typed = [
    "sleep 40",
    "upper uno",
    'echo {"a": [1]}',
    "upper",
    "echo",
    "upper true",
    'upper "dos"',
    'echo "a\\nb"',
    "fail boom",
    "help",
    "actions",
    "PING",
    "  upper   tres  ",
    "salir",
    "upper never",
  ];
  assert.deepEqual((await talk(t, port, `${typed.join("\n")}\n`)).trimEnd().split("\n"), [
    "40",
    "UNO",
    '{"a":[1]}',
    "",
    "null",
    "TRUE",
    "DOS",
    '"a\\nb"',
    "error: task_error: boom",
    'ACTION REST runs an action, as in: upper hola | actions lists them | PING | auth TOKEN | exit says goodbye | or JSON: {"id":1,"action":"upper","payload":"hola"}',
    "echo, upper, sleep, hold, fail, large",
    "PONG",
    "TRES",
    "adiós",
  ]);
});

test("PONG is first said when the node is ready", async (t) => {
  const { port, engine } = await openGateway(t);
  engine.health = { state: "starting", reason: "opening the store" };
  const client = await dial(t, port);
  client.send("PING\n");
  assert.match(
    (await talk(t, port, '{"id":1,"op":"ping"}\n')).trimEnd(),
    /"data":\{"state":"starting",.*"reason":"opening the store"\}/,
  );
  await delay(120);
  assert.equal(client.text, "");
  engine.health = { state: "ready", reason: null };
  assert.deepEqual(await client.lines(1), ["PONG"]);
  engine.health = { state: "not_ready", reason: "the disk is full" };
  client.send("PING\n");
  assert.equal((await client.lines(2))[1], "error: unavailable: not ready: the disk is full");
  engine.health = { state: "draining", reason: "stopping" };
  client.send("PING\n");
  assert.equal((await client.lines(3))[2], "DRAINING");
});

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
