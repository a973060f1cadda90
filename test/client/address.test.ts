import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddresses } from "../../src/client/address.ts";

test("several addresses after commas take the scheme of the one before", () => {
  const addresses = parseAddresses("tanda://one:9001, two:9002,[::1]:9003");
  assert.deepEqual(
    addresses.map(({ kind, host, port, httpUrl }) => [kind, host, port, httpUrl]),
    [
      ["lines", "one", 9001, "http://one:9001"],
      ["lines", "two", 9002, "http://two:9002"],
      ["lines", "::1", 9003, "http://[::1]:9003"],
    ],
  );
});

test("an address without a scheme or port is Tanda's own, on 9000", () => {
  assert.deepEqual(
    parseAddresses("localhost").map(({ kind, host, port, isSecure }) => [kind, host, port, isSecure]),
    [["lines", "localhost", 9000, false]],
  );
  assert.equal(parseAddresses("tandas://box")[0]!.isSecure, true);
  assert.equal(parseAddresses("tanda://box:80")[0]!.port, 80);
});

test("http and ws addresses mean the WebSocket there, below their path", () => {
  assert.equal(parseAddresses("http://box:8080/")[0]!.socketUrl, "ws://box:8080/v1/socket");
  assert.equal(parseAddresses("https://box/tanda/")[0]!.socketUrl, "wss://box:443/tanda/v1/socket");
  assert.equal(parseAddresses("wss://box/tanda")[0]!.httpUrl, "https://box:443/tanda");
});

test("what is no address is refused with an example", () => {
  for (const text of ["", " , ", "ftp://box", "tanda://", "tanda://box:99999999", "tanda://a b"]) {
    assert.throws(() => parseAddresses(text), { code: "bad_request", hint: /tanda:\/\/host:9000/ }, text);
  }
});
