/** How `tanda serve` refuses to start, how it ends, and that nothing is left of it. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { TaskView } from "../../src/protocol/messages.ts";
import { Lines } from "./lines.ts";
import { childrenOf, isAlive, Place, type ServeProcess } from "./serve-process.ts";

const fixtures = fileURLToPath(new URL("./fixtures/actions.ts", import.meta.url));

async function untilTrue(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Ended as told: no pool process runs, no temporary file is there, and the folder is free for the next. */
async function assertNothingLeft(place: Place, pools: readonly number[]): Promise<void> {
  await untilTrue(() => !pools.some(isAlive));
  assert.deepEqual(place.leftovers, []);
  await using next = place.serve();
  await next.listening();
  next.signal("SIGTERM");
  assert.equal(await next.exited, 0);
}

async function poolsOf(serve: ServeProcess): Promise<number[]> {
  let pools: number[] = [];
  await untilTrue(() => (pools = childrenOf(serve.pid)).length > 0);
  return pools;
}

/** A task that runs, and is not ended by itself for a while. */
async function occupy(lines: Lines, action: string, payload: unknown): Promise<string> {
  const { task } = await lines.ask({ action, payload, options: { wait: false } });
  await untilTrue(async () => ((await lines.ask({ op: "get", task })).data as TaskView).state === "running");
  return task!;
}

describe("tanda serve that ends", () => {
  test("is not what `tanda serve | head` does: a log that nobody reads any more ends no node", async () => {
    using place = new Place();
    await using serve = place.serve({ args: ["--actions", fixtures] });
    using lines = await Lines.open(await serve.listening());
    const answer = lines.ask({ op: "wait", task: await occupy(lines, "nap", 500) });
    serve.deafen();
    // It logs that it stops, to nobody; then it waits for what runs all the same.
    serve.signal("SIGTERM");
    assert.equal((await answer).status, "done");
    assert.equal(await serve.exited, 0);
  });

  for (const isTerminal of [false, true]) {
    const how = isTerminal ? "Ctrl+C at the terminal" : "SIGINT";
    test(`${how} lets what runs end, answers it, and ends with 0`, async () => {
      using place = new Place();
      await using serve = place.serve({ isTerminal, args: ["--actions", fixtures] });
      const lines = await Lines.open(await serve.listening());
      const pools = await poolsOf(serve);
      const running = await occupy(lines, "nap", 1000);
      const answer = lines.ask({ op: "wait", task: running });
      // The terminal tells it to the pool's processes too; they leave it to their parent.
      if (isTerminal) serve.type("\u0003");
      else serve.signal("SIGINT");
      await serve.until(/stopping: no new work/);
      assert.equal((await answer).status, "done");
      assert.equal(await serve.exited, 0);
      assert.match(serve.text, /stopped/);
      await assertNothingLeft(place, pools);
    });

    test(`${how} twice ends at once with 1, and what ran is kept`, async () => {
      using place = new Place();
      await using serve = place.serve({ isTerminal, args: ["--actions", fixtures] });
      const lines = await Lines.open(await serve.listening());
      const pools = await poolsOf(serve);
      const running = await occupy(lines, "spin", null);
      const interrupt = (): void => (isTerminal ? serve.type("\u0003") : serve.signal("SIGINT"));
      interrupt();
      await serve.until(/stopping: no new work/);
      interrupt();
      assert.equal(await serve.exited, 1);
      assert.match(serve.text, /ended at once; what was accepted is kept/);
      assert.doesNotMatch(serve.text, /stopped/);
      await untilTrue(() => !pools.some(isAlive));
      assert.deepEqual(place.leftovers, []);
      await using next = place.serve();
      using again = await Lines.open(await next.listening());
      const view = (await again.ask({ op: "get", task: running })).data as TaskView;
      assert.equal(view.state, "queued", "nobody serves it here, so it waits");
      assert.equal(view.losses, 0, "its node was told to end: nobody is to blame");
    });
  }

  test("a drain that takes too long gives back what runs, uncharged, and ends with 0", async () => {
    using place = new Place();
    await using serve = place.serve({ args: ["--actions", fixtures, "--drain", "300ms"] });
    const lines = await Lines.open(await serve.listening());
    const pools = await poolsOf(serve);
    const running = await occupy(lines, "spin", null);
    const answer = lines.ask({ op: "wait", task: running });
    serve.signal("SIGTERM");
    const { result } = await answer;
    assert.equal(result?.error?.code, "unavailable");
    assert.ok(result.error.retryAfterMs! > 0);
    assert.equal(await serve.exited, 0);
    await untilTrue(() => !pools.some(isAlive));
    assert.deepEqual(place.leftovers, []);
    await using next = place.serve();
    using again = await Lines.open(await next.listening());
    const view = (await again.ask({ op: "get", task: running })).data as TaskView;
    assert.deepEqual([view.state, view.losses], ["queued", 0]);
    assert.match(view.history!.at(-1)!.message, /interrupted .* for no fault of its own/);
  });

  test("nothing is left of one that keeps nothing, ended in order or at once", async () => {
    for (const isOrderly of [true, false]) {
      using place = new Place();
      await using serve = place.serve({ args: ["--data", ":memory:", "--actions", fixtures] });
      const lines = await Lines.open(await serve.listening());
      const pools = await poolsOf(serve);
      await lines.ask({ action: "echo", payload: "x".repeat(100_000) });
      if (!isOrderly) await occupy(lines, "spin", null);
      assert.ok(place.leftovers.some((name) => name.startsWith("tanda-blobs-")));
      serve.signal("SIGINT");
      if (!isOrderly) {
        await serve.until(/stopping/);
        serve.signal("SIGINT");
      }
      assert.equal(await serve.exited, isOrderly ? 0 : 1);
      await untilTrue(() => !pools.some(isAlive));
      assert.deepEqual(place.leftovers, []);
      assert.ok(!existsSync(place.data), "it made a data folder");
    }
  });

  test("a signal that comes while it starts ends it, with 0 and nothing left", async () => {
    using place = new Place();
    const file = join(place.path, "slow.js");
    writeFileSync(file, "await new Promise((end) => setTimeout(end, 20_000)); export default {};");
    await using serve = place.serve({ args: ["--actions", file] });
    await untilTrue(() => serve.pid > 0);
    const pools = await poolsOf(serve);
    serve.signal("SIGINT");
    assert.equal(await serve.exited, 0);
    assert.match(serve.text, /stopped before it listened/);
    await assertNothingLeft(place, pools);
  });
});

describe("tanda serve that cannot start", () => {
  /** @returns what it said, after it has ended with this code and left nothing. */
  async function refusal(
    place: Place,
    code: number,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): Promise<string> {
    await using serve = place.serve({ args, env });
    assert.equal(await serve.exited, code, serve.text);
    assert.deepEqual(place.leftovers, []);
    return serve.text;
  }

  test("is not open by accident: off loopback it wants a token, and one that cannot be guessed", async () => {
    using place = new Place();
    for (const address of ["0.0.0.0:0", "[::]:0", "127.0.0.1:0 192.0.2.7:0"]) {
      const said = await refusal(place, 2, ["--listen", address]);
      assert.match(
        said,
        /^error: bad_request: \S+ can be reached from other machines, and there is no token\n/,
      );
      assert.match(said, /\n {2}tanda token create --all --data \S+\n/);
      assert.match(said, /\nOr give one in TANDA_TOKEN, or listen on 127\.0\.0\.1\.\n$/);
    }
    const short = await refusal(place, 2, ["--listen", "0.0.0.0:0"], { TANDA_TOKEN: "short" });
    assert.match(short, /the token is shorter than 16 characters\nMake one with: openssl rand -hex 24\n$/);
    assert.ok(!existsSync(place.data), "it was refused before anything was opened");
    await using open = place.serve({
      args: ["--listen", "0.0.0.0:0"],
      env: { TANDA_TOKEN: "0123456789abcdef" },
    });
    await open.until(/tanda listens/);
  });

  test("a second process on the same folder is refused with who has it, and the first goes on", async () => {
    using place = new Place();
    await using first = place.serve();
    using lines = await Lines.open(await first.listening());
    await using second = place.serve();
    assert.equal(await second.exited, 1);
    assert.match(
      second.text,
      new RegExp(`^error: conflict: The data folder ${place.data} is in use by process ${first.pid}\\.\n`),
    );
    assert.match(second.text, /\nStop that process, or give this one a folder of its own with --data\.\n$/);
    assert.equal((await lines.ask({ action: "upper", payload: "hola" })).result?.data, "HOLA");
  });

  test("a port that somebody has is told, and the data folder is free again", async () => {
    using place = new Place();
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as AddressInfo;
    try {
      const said = await refusal(place, 1, ["--listen", `127.0.0.1:${port}`, "--log-level", "error"]);
      assert.match(
        said,
        new RegExp(
          `^error: conflict: Tanda cannot listen on 127\\.0\\.0\\.1:${port}: another process does\\.\n.*--listen`,
        ),
      );
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
    await assertNothingLeft(place, []);
  });

  test("an address that is not this machine's, and a name that is nobody's, are told", async () => {
    using place = new Place();
    const env = { TANDA_TOKEN: "0123456789abcdef" };
    for (const address of ["192.0.2.7:0", "no-such-host.invalid:0"]) {
      const said = await refusal(place, 2, ["--listen", address], env);
      assert.match(said, /^error: bad_request: Tanda cannot listen[\s\S]*--listen/m);
    }
  });

  test("actions that do not load are told with the place", async () => {
    using place = new Place();
    const file = join(place.path, "broken.ts");
    writeFileSync(file, "export default {\n  say: { run: ( },\n};\n");
    const said = await refusal(place, 2, ["--actions", file]);
    assert.match(said, /^error: bad_request: .*broken\.ts did not load: /);
  });

  test("a folder that a newer Tanda wrote is refused and left as it is", async () => {
    using place = new Place();
    await using serve = place.serve();
    await serve.listening();
    serve.signal("SIGTERM");
    await serve.exited;
    const file = join(place.data, "tanda.db");
    const bytes = readFileSync(file);
    // The number of the schema, user_version, is 4 bytes at 60 of the header.
    assert.ok(bytes.readUInt32BE(60) > 0);
    bytes.writeUInt32BE(999, 60);
    writeFileSync(file, bytes);
    const said = await refusal(place, 1, []);
    assert.match(
      said,
      /^error: conflict: .*tanda\.db was written by a newer Tanda: its schema is version 999/,
    );
    assert.match(said, /\nStart the newer Tanda, or another data folder\.\n$/);
    assert.ok(readFileSync(file).equals(bytes));
    assert.equal(statSync(place.data).mode & 0o077, 0, "others may not read it");
  });
});
