/** Requests that end before their end: nobody but who sent them may notice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { get } from "./json-requests.ts";
import { dial, openGateway, talk } from "./open-gateway.ts";

const HEAD = "HTTP/1.1\r\nHost: localhost\r\n";
const JSON_HEAD = `${HEAD}Content-Type: application/json\r\n`;
const CHUNKED = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
/** Refused, and told so behind the answer to a request that takes longer: until then nobody has thrown its body away. */
const REFUSED = [
  `POST /v1/tasks ${HEAD}${CHUNKED}`,
  `POST /v1/tasks ${HEAD}Content-Type: text/plain\r\n${CHUNKED}`,
  `POST /v1/tasks ${JSON_HEAD}Content-Length: 99999\r\n\r\n{`,
  `POST /v1/tasks ${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n800\r\n${"x".repeat(0x800)}\r\n`,
];

test("a body that nobody reads, because its request is refused, may be cut off", async (t) => {
  const { port, url } = await openGateway(t, { limits: { lineBytes: 1024 } });
  const slow = `POST /v1/tasks?wait=0.2 ${JSON_HEAD}Content-Length: 34\r\n\r\n{"action":"sleep","payload":10000}`;
  for (const refused of REFUSED) {
    // Not HTTP any more, gone, and gone without a word.
    assert.match(await talk(t, port, `${slow}${refused}\rnonsense`), /^(?:HTTP\/1.1 |$)/);
    const [leaving, gone] = [await dial(t, port), await dial(t, port)];
    leaving.send(slow + refused);
    gone.send(slow + refused);
    await delay(20);
    leaving.socket.end();
    gone.socket.resetAndDestroy();
    await leaving.ended();
  }
  assert.equal((await get(`${url}/healthz`)).status, 200);
});
