import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseField, problemWith } from "../../src/cli/shell-form.ts";
import { LANGUAGES, languageOf, speak } from "../../src/cli/shell-messages.ts";
import { suggest } from "../../src/cli/suggest.ts";
import { isTaskId } from "../../src/task/id.ts";
import { failed } from "../client/line-server.ts";
import { openServer, runCli } from "./run-cli.ts";

test("without a terminal it obeys lines in order until a goodbye", async () => {
  await using server = await openServer();
  for (const bye of ["salir", "exit", "quit"]) {
    const input = `upper hola\n\nupper 42\necho {"a":1}\n${bye}\nupper never\n`;
    const { code, stdout } = await runCli(["shell"], { server: server.url, input });
    assert.equal(stdout, 'HOLA\n42\n{"a":1}\n');
    assert.equal(code, 0);
  }
});

test("a failure is told and the next line is obeyed; the exit code tells that one failed", async () => {
  await using server = await openServer();
  const { stdout, code } = await runCli(["shell"], { server: server.url, input: "fail x\nupper on" });
  assert.equal(stdout, "error: task_error: it broke\nON\n");
  assert.equal(code, 1);
});

test("JSON requests and PING are answered as on the wire", async () => {
  await using server = await openServer();
  const input = [
    '{"id":1,"action":"upper","payload":"hola"}',
    '{"action":"upper","payload":"x","options":{"wait":false}}',
    "PING",
  ].join("\n");
  const { stdout, code } = await runCli(["shell"], { server: server.url, input });
  const [done, queued, pong] = stdout.split("\n");
  const { task, ...rest } = JSON.parse(done!) as { task: string };
  assert.ok(isTaskId(task));
  assert.deepEqual(rest, { id: 1, status: "done", result: { ok: true, data: "HOLA" } });
  assert.equal((JSON.parse(queued!) as { status: string }).status, "queued");
  assert.deepEqual([pong, code], ["PONG", 0]);
  const odd = await runCli(["shell"], {
    server: server.url,
    input: '{"oops":1}\n{"id":2,"action":"fail"}\n',
  });
  assert.match(
    odd.stdout,
    /^That is neither ACTION PAYLOAD nor a JSON request.*\n\{"id":2,"task":.*"failed"/,
  );
  assert.equal(odd.code, 1);
});

test("a line of JSON with an op is told which verb that is, and that nc takes such lines", async () => {
  await using server = await openServer();
  const input = [
    '{"op":"stats"}',
    '{"op":"pause","queue":"q"}',
    '{"op":"drain_worker","worker":"3"}',
    '{"op":"unwatch","watch":1}',
  ].join("\n");
  const { stdout, code } = await runCli(["shell"], { server: server.url, input });
  const [stats, pause, drain, unwatch] = stdout.split("\n");
  assert.match(stats!, /The op stats is a verb of its own: tanda stats\. .* nc\.$/);
  assert.match(pause!, /tanda queue pause\./);
  assert.match(drain!, /tanda workers drain\./);
  assert.match(unwatch!, /A line with the op unwatch goes to nc\.$/);
  assert.equal(code, 1);
  const spoken = await runCli(["shell", "--lang", "es"], { server: server.url, input });
  assert.match(spoken.stdout, /La operación stats es una orden propia: tanda stats\./);
  assert.ok(!server.received.some(({ op }) => op === "stats" || op === "pause"));
});

test("what is wrong with an action's name is said once, in the person's language", async () => {
  await using server = await openServer((message, peer) => {
    if (message.action !== "uper" && message.action !== "nada") return false;
    peer.send(failed(message, "unknown_action", "There is no such action.", { hint: "Did you mean this?" }));
    return true;
  });
  const input = "uper hola\nnada\nayuda\n";
  const { stdout } = await runCli(["shell", "--lang", "es"], { server: server.url, input });
  const [near, far, help] = stdout.trim().split("\n");
  assert.equal(near, "error: unknown_action: Nadie conoce la acción uper. (¿Querías decir upper?)");
  assert.equal(far, "error: unknown_action: Nadie conoce la acción nada. (Con actions se ven las que hay.)");
  assert.match(help!, /hace una tarea/);
});

test("three clients send at once, each over its own connection, and the output says whose it is", async () => {
  await using server = await openServer();
  const { stdout } = await runCli(["shell", "--clients", "3", "--lang", "es"], {
    server: server.url,
    input: "upper hola\n2: upper solo\n9: upper nadie\n",
  });
  const lines = stdout.trim().split("\n");
  assert.deepEqual(lines.slice(0, 3).sort(), ["cliente 1: HOLA", "cliente 2: HOLA", "cliente 3: HOLA"]);
  assert.deepEqual(lines.slice(3), ["cliente 2: SOLO", "No hay cliente 9: van del 1 al 3."]);
  assert.equal(server.peers.length, 3);
});

test("it lists the actions, and help, in the terminal's language", async () => {
  await using server = await openServer();
  const english = await runCli(["shell"], {
    server: server.url,
    input: "actions\nhelp\n",
    env: { LC_ALL: "en_GB.UTF-8" },
  });
  assert.match(english.stdout, /^upper {2}The text in capitals\.\necho\nACTION PAYLOAD runs/);
  const spanish = await runCli(["shell"], {
    server: server.url,
    input: "help\n",
    env: { LC_ALL: "es_AR.UTF-8" },
  });
  assert.match(spanish.stdout, /hace una tarea/);
  const other = await runCli(["shell", "--lang", "xx"], { server: server.url });
  assert.equal(other.code, 2);
});

describe("languages", () => {
  test("are chosen by LC_ALL, then LC_MESSAGES, then LANG, else English", () => {
    assert.equal(languageOf({ LC_ALL: "es_ES.UTF-8", LANG: "en_US" }), "es");
    assert.equal(languageOf({ LC_ALL: "", LC_MESSAGES: "es", LANG: "en_US" }), "es");
    assert.equal(languageOf({ LANG: "fr_FR" }), "en");
    assert.equal(languageOf({}), "en");
  });

  test("say the same things with the same blanks to fill", () => {
    const [en, es] = [LANGUAGES.get("en")!, LANGUAGES.get("es")!];
    const blanks = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
    assert.deepEqual(Object.keys(en).sort(), Object.keys(es).sort());
    for (const name of Object.keys(en) as (keyof typeof en)[]) {
      assert.notEqual(es[name], "");
      assert.deepEqual(blanks(es[name]), blanks(en[name]), name);
    }
  });
});

describe("a form", () => {
  const say = speak("en");

  test("reads what was typed as the schema wants it", () => {
    assert.equal(parseField("42", { type: "string" }), "42");
    assert.equal(parseField("42", { type: "integer" }), 42);
    assert.equal(parseField("42", {}), 42);
    assert.equal(parseField("hola", {}), "hola");
    assert.deepEqual(parseField("1, 2.5,3", { type: "array", items: { type: "number" } }), [1, 2.5, 3]);
    assert.deepEqual(parseField('["a,b"]', { type: "array", items: { type: "string" } }), ["a,b"]);
    assert.deepEqual(parseField("a, 1", { type: "array", items: { type: "string" } }), ["a", "1"]);
  });

  test("says what is wrong before anything is sent", () => {
    assert.equal(problemWith("x", { type: "number" }, true, say), "That is not a number.");
    assert.equal(problemWith("1.5", { type: "integer" }, true, say), "That is not a whole number.");
    assert.equal(problemWith("99", { type: "integer", maximum: 50 }, true, say), "At most 50.");
    assert.equal(problemWith("-1", { type: "number", minimum: 0 }, true, say), "At least 0.");
    assert.equal(problemWith("", { type: "number" }, true, say), "This is needed.");
    assert.equal(problemWith("{", { type: "object" }, true, say), "That is not JSON.");
    assert.equal(problemWith("", { type: "number" }, false, say), undefined);
    assert.equal(problemWith("", { type: "string" }, true, say), undefined);
  });
});

test("a suggestion is near, or there is none", () => {
  const words = ["run", "retry", "cancel", "queues"];
  assert.equal(suggest("rnu", words), "run");
  assert.equal(suggest("cancell", words), "cancel");
  assert.equal(suggest("que", words), "queues");
  assert.equal(suggest("frobnicate", words), null);
});
