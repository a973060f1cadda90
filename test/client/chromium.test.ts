/** The client as it is published for browsers, in a real one, with a real node. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import type { Browser, JSHandle } from "playwright-core";
import { needs } from "../../scripts/system-programs.ts";
import { connect } from "../../src/client/client.ts";
import type { Client } from "../../src/client/typed.ts";
import { FRIENDLY_NAME, openChromium, openPage, Site, type Sdk } from "../e2e/chromium.ts";
import type actions from "../e2e/fixtures/actions.ts";
import { startNodeProcess, type NodeProcess } from "../e2e/node-process.ts";
import { largeValuesSuite, type InPage } from "./chromium-large-values-suite.ts";

const chromium = needs("chromium");
const ACTIONS = new URL("../e2e/fixtures/actions.ts", import.meta.url).pathname;

type Actions = typeof actions;
/** What every function in the page gets. */
type There = { sdk: JSHandle<Sdk>; url: string };

describe("the client in Chromium", { skip: chromium.skip, timeout: 180_000 }, () => {
  let site: Site;
  let node: NodeProcess;
  let browser: Browser;
  /** Looks at the node from outside the browser. */
  let outside: Client<Actions>;
  let url: string;

  before(async () => {
    site = await Site.open();
    const origins = [site.originAs("127.0.0.1"), site.originAs(FRIENDLY_NAME)].join();
    node = await startNodeProcess(["--actions", ACTIONS, "--threads", "2", "--origin", origins]);
    url = `http://127.0.0.1:${node.port}`;
    outside = connect<Actions>(`tanda://127.0.0.1:${node.port}`);
    browser = await openChromium(chromium.path);
  });
  after(async () => {
    await browser?.close();
    await outside?.$.close({ now: true });
    await node?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  const inPage: InPage = async <More extends object, T>(
    work: (there: { sdk: Sdk; url: string } & More) => Promise<T>,
    more: More,
    origin = site.originAs("127.0.0.1"),
  ): Promise<T> => {
    await using it = await openPage(browser, origin);
    const there: There & More = { sdk: it.sdk, url, ...more };
    return await it.page.evaluate(work as (there: unknown) => Promise<T>, there);
  };

  const statesOf = async (action: string): Promise<string[]> =>
    (await outside.$.list({ action, limit: 1000 })).tasks.map((task) => task.state);

  test("runs tasks, also on a page that is no secure context", async () => {
    const work = async ({ sdk, url }: { sdk: Sdk; url: string }) => {
      await using tanda = sdk.connect<Actions>(url);
      return {
        isSecure: Reflect.get(globalThis, "isSecureContext") as unknown,
        said: [await tanda.upper("hola"), await tanda.echo(null)],
      };
    };
    assert.deepEqual(await inPage(work, {}), { isSecure: true, said: ["HOLA", null] });
    const told = await inPage(work, {}, site.originAs(FRIENDLY_NAME));
    assert.deepEqual(told, { isSecure: false, said: ["HOLA", null] });
  });

  test("on the node's own page needs no address", async () => {
    // The page's own policy lets no other script in; that is the browser's matter here, not the node's.
    const context = await browser.newContext({ bypassCSP: true });
    try {
      const page = await context.newPage();
      await page.goto(url);
      const said = await page.evaluate(async (clientUrl) => {
        const sdk = (await import(clientUrl)) as Sdk;
        await using tanda = sdk.connect();
        return tanda.upper("hola");
      }, site.clientUrl);
      assert.equal(said, "HOLA");
    } finally {
      await context.close();
    }
  });

  test("shows its token on the WebSocket and for blobs; with a wrong one it is told so at once", async () => {
    const token = "a-token-of-some-length";
    const flags = ["--threads", "1", "--token", token, "--origin", site.originAs("127.0.0.1")];
    await using guarded = await startNodeProcess(flags);
    const told = await inPage(
      async ({ sdk, address, token }) => {
        await using tanda = sdk.connect(address, { token });
        await using stranger = sdk.connect(address, { token: `${token}?` });
        const link = await tanda.$.blobs.put("kept");
        const refused = (error: { code: string }) => error.code;
        return [
          await tanda.upper("hola"),
          await new Response(await tanda.$.blobs.get(link)).text(),
          await stranger.upper("hola").catch(refused),
          await stranger.$.blobs.get(link).catch(refused),
        ];
      },
      { address: `http://127.0.0.1:${guarded.port}`, token },
    );
    assert.deepEqual(told, ["HOLA", "kept", "unauthorized", "unauthorized"]);
  });

  test("1000 tasks at once are answered, each with its own result", async () => {
    const said = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      return Promise.all(Array.from({ length: 1000 }, (_, n) => tanda.reverse(`${n} hola`)));
    }, {});
    assert.deepEqual(
      said,
      Array.from({ length: 1000 }, (_, n) => `aloh ${String(n).split("").toReversed().join("")}`),
    );
    const states = await statesOf("reverse");
    assert.deepEqual([states.length, new Set(states)], [1000, new Set(["done"])]);
  });

  test("a failure rejects with the node's code and hints", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const failureOf = (call: Promise<unknown>) =>
        call.then(
          () => null,
          (error: unknown) => {
            if (!(error instanceof sdk.TandaError)) throw error;
            return { code: error.code, message: error.message };
          },
        );
      const wrong = { url: "x", size: { width: "wide" } } as unknown as {
        url: string;
        size: { width: number };
      };
      return Promise.all([
        failureOf(tanda.flaky({ failures: 9, name: "page" })),
        failureOf(tanda.resize(wrong)),
        failureOf(tanda.$.run("no-such-action")),
        failureOf(tanda.spin(undefined, { timeout: "200ms" })),
        failureOf(tanda.upper("x", { attempts: -1 })),
      ]);
    }, {});
    assert.deepEqual(
      told.map((failure) => failure?.code),
      ["task_error", "invalid_input", "unknown_action", "timed_out", "bad_request"],
    );
    assert.match(told[0]!.message, /failed on attempt 1/);
    assert.match(told[1]!.message, /size\.width/);
  });

  test("for await tells a task's states, progress and logs, and ends with it", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const handle = await tanda.talkative.submit(3);
      const events = [];
      for await (const event of handle.watch()) events.push(event);
      return events;
    }, {});
    const states = told.flatMap((event) => (event.type === "state" ? [event.state] : []));
    assert.equal(states.at(-1), "done");
    assert.ok(
      told.some((event) => event.type === "progress" && event.progress === 3),
      JSON.stringify(told),
    );
    assert.ok(told.some((event) => event.type === "log"));
  });

  test("leaving for await, or an abort, ends the watch and not the task", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const handle = await tanda.talkative.submit(4);
      for await (const event of handle.watch()) if (event.type === "progress") break;
      const controller = new AbortController();
      let reason: unknown = null;
      try {
        for await (const event of handle.watch({ signal: controller.signal })) {
          if (event.type === "progress") controller.abort("enough");
        }
      } catch (thrown) {
        reason = thrown;
      }
      return { reason, state: (await handle.wait()).state };
    }, {});
    assert.deepEqual(told, { reason: "enough", state: "done" });
  });

  test("an aborted call rejects with its reason; the task goes on unless it is to be cancelled", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      const abort = async (cancelOnAbort: boolean) => {
        const controller = new AbortController();
        const call = tanda.nap(600, {
          signal: controller.signal,
          cancelOnAbort,
          key: `abort-${cancelOnAbort}`,
        });
        const ended = call.then(
          () => "no rejection",
          (error: unknown) => String(error),
        );
        setTimeout(() => controller.abort(new Error("changed my mind")), 100);
        return ended;
      };
      await tanda.$.open();
      const early = await tanda.nap(1, { signal: AbortSignal.abort("before it began") }).catch(String);
      return { goesOn: await abort(false), cancelled: await abort(true), early };
    }, {});
    assert.equal(told.goesOn, "Error: changed my mind");
    assert.equal(told.cancelled, "Error: changed my mind");
    assert.equal(told.early, "before it began");
    const byKey = async (key: string) => (await outside.$.list({ prefix: key })).tasks[0]!.task;
    assert.equal((await outside.$.wait(await byKey("abort-false"))).state, "done");
    assert.equal((await outside.$.wait(await byKey("abort-true"))).state, "cancelled");
  });

  test("a call that takes too long is a TimeoutError, and its task goes on", async () => {
    const told = await inPage(async ({ sdk, url }) => {
      await using tanda = sdk.connect<Actions>(url);
      await tanda.$.open();
      const failure = await tanda.nap(700, { callTimeout: 200, key: "slow-call" }).then(
        () => null,
        (error: DOMException) => ({ name: error.name, isDomException: error instanceof DOMException }),
      );
      // The same key is the same task.
      return { failure, later: await tanda.nap(700, { key: "slow-call" }) };
    }, {});
    assert.deepEqual(told, { failure: { name: "TimeoutError", isDomException: true }, later: null });
    const { tasks } = await outside.$.list({ prefix: "slow-call" });
    assert.deepEqual(
      tasks.map((task) => [task.state, task.attempt]),
      [["done", 1]],
    );
  });

  largeValuesSuite(inPage);

  for (const [signal, how] of [
    ["SIGKILL", "killed"],
    ["SIGTERM", "stopped"],
  ] as const) {
    test(`when the node is ${how} under it, each call ends once, with the recorded result`, async () => {
      await using it = await openPage(browser, site.originAs("127.0.0.1"));
      await it.page.evaluate(
        ({ sdk, url, how }) => {
          const connections: string[] = [];
          const tanda = sdk.connect<Actions>(url, { onConnection: (state) => connections.push(state) });
          const ends = Array.from({ length: 300 }, () => 0);
          const calls = ends.map(async (_, n) => {
            await new Promise((resolve) => setTimeout(resolve, n * 5));
            try {
              return await tanda.patient
                .submit(100, { key: `${how}-${n}` })
                .then((handle) => handle.result());
            } finally {
              ends[n]!++;
            }
          });
          const watched = (async () => {
            const states: string[] = [];
            const handle = await tanda.nap.submit(1200);
            for await (const event of handle.watch()) if (event.type === "state") states.push(event.state);
            return states.at(-1);
          })();
          const done = Promise.allSettled(calls).then(async (results) => ({
            rejected: results.flatMap((it) => (it.status === "rejected" ? [String(it.reason)] : [])),
            ends,
            watched: await watched,
            connections,
          }));
          Object.assign(globalThis, { done });
        },
        { sdk: it.sdk, url, how },
      );
      await delay(600);
      await node.kill(signal);
      await node.start();
      const told = (await it.page.evaluate("done")) as {
        rejected: string[];
        ends: number[];
        watched: string;
        connections: string[];
      };
      assert.deepEqual(told.rejected, []);
      assert.deepEqual(new Set(told.ends), new Set([1]));
      assert.equal(told.watched, "done");
      assert.deepEqual(told.connections, ["open", "lost", "open"]);
      const { tasks } = await outside.$.list({ prefix: `${how}-`, limit: 1000 });
      assert.equal(tasks.length, 300);
      assert.deepEqual(new Set(tasks.map((task) => task.state)), new Set(["done"]));
    });
  }
});
