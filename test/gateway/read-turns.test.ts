/** Who sends much at once is read in pieces: who sends little beside it is answered before the last of them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Pace } from "../../src/gateway/pace.ts";
import { ReadTurns } from "../../src/gateway/read-turns.ts";
import { dial, openGateway } from "./open-gateway.ts";

describe("reading in turns", () => {
  test("many take turns piece by piece until none has more", async () => {
    const turns = new ReadTurns(
      new Pace(
        () => 0,
        () => 0,
      ),
    );
    const read: string[] = [];
    await new Promise<void>((resolve) => {
      for (const [name, pieces] of [
        ["a", 3],
        ["b", 2],
      ] as const) {
        let left = pieces;
        turns.wait({
          isLong: false,
          readPiece() {
            read.push(name);
            if (read.length === 5) resolve();
            return --left > 0;
          },
        });
      }
    });
    assert.equal(read.join(""), "ababa");
  });

  test("a turn of the event loop is not all for reading: a timer comes between the pieces of a long one", async () => {
    const turns = new ReadTurns(
      new Pace(
        () => 0,
        () => 0,
      ),
    );
    let pieces = 0;
    let atTimer = 0;
    await new Promise<void>((resolve) => {
      turns.wait({
        isLong: false,
        readPiece() {
          if (pieces === 0) setTimeout(() => (atTimer = pieces), 1);
          const until = performance.now() + 1;
          while (performance.now() < until);
          if (++pieces < 50) return true;
          resolve();
          return false;
        },
      });
    });
    assert.ok(atTimer > 0 && atTimer < 50, `the timer came after ${atTimer} of 50`);
  });

  test("of what is long five pieces a turn beside who asks for little, and more where nobody does", async () => {
    const most = async (asksForLittle: boolean): Promise<number> => {
      const pace = new Pace(
        () => 0,
        () => 0,
      );
      if (asksForLittle) pace.little();
      const turns = new ReadTurns(pace);
      let [left, inTurn, mostInTurn] = [40, 0, 0];
      await new Promise<void>((resolve) => {
        for (let connection = 0; connection < 4; connection++) {
          let pieces = 10;
          turns.wait({
            isLong: true,
            readPiece() {
              if (inTurn++ === 0) setImmediate(() => (inTurn = 0));
              mostInTurn = Math.max(mostInTurn, inTurn);
              if (--left === 0) resolve();
              return --pieces > 0;
            },
          });
        }
      });
      return mostInTurn;
    };
    assert.equal(await most(true), 5);
    assert.ok((await most(false)) > 5);
  });

  test("all of a heap of lines is answered, in pieces that cut lines anywhere, also when the client ends at once", async (t) => {
    const { port } = await openGateway(t);
    const client = await dial(t, port);
    const count = 3000;
    let heap = "";
    for (let n = 0; n < count; n++)
      heap += `{"id":${n},"action":"echo","payload":"${"x".repeat(n % 100)}"}\n`;
    client.socket.end(heap);
    const ids = (await client.ended())
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: number }).id);
    assert.deepEqual(
      ids.sort((x, y) => x - y),
      Array.from({ length: count }, (_, n) => n),
    );
  });
});
