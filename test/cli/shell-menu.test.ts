import assert from "node:assert/strict";
import { test } from "node:test";
import { openServer } from "./run-cli.ts";
import { CTRL_C, TerminalRun } from "./run-in-terminal.ts";

const DOWN = "\u001b[B";

test("a search without a match keeps the menu, and says what is wrong in the person's language", async () => {
  await using server = await openServer();
  await using shell = new TerminalRun(["shell", "--lang", "es"], { server: server.url });
  await shell.see(/¿Qué quieres hacer\?/);
  shell.type("zzz");
  await shell.see(/Nada coincide/);
  shell.type("\r");
  await shell.see(/Elige algo de la lista/);
  shell.type("\u007f\u007f\u007fupper\r");
  await shell.see(/upper/);
  await shell.see(/◆ {2}upper/);
  shell.type("hola\r");
  await shell.see(/Hecho · [\d.]+ ms/);
  await shell.see(/HOLA/);
  await shell.see(/¿Qué quieres hacer\?/);
  shell.type(CTRL_C);
  assert.equal(await shell.ended(), 0);
  assert.doesNotMatch(shell.text, /Search:|to select|confirm|match|TypeError|Cannot/);
  assert.match(shell.text, /Hasta luego\./);
});

test("the menu is found by arrows and by what an action does, and English is English", async () => {
  await using server = await openServer();
  await using shell = new TerminalRun(["shell", "--lang", "en"], { server: server.url });
  await shell.see(/What shall be done\?/);
  await shell.see(/choose .* confirm/);
  shell.type("capitals");
  await shell.see(/1 of 4/);
  shell.type("\u0015");
  await shell.see(/Leave/);
  shell.type(`${DOWN}\r`);
  await shell.see(/◆ {2}echo/);
  shell.type("7\r");
  await shell.see(/Done · /);
  await shell.see(/What shall be done\?/);
  shell.type(CTRL_C);
  assert.equal(await shell.ended(), 0);
});

test("a task that failed is not headed as done", async () => {
  await using server = await openServer((message, peer) => {
    if (message.action !== "echo") return false;
    const error = { code: "task_error", message: "it broke" };
    peer.send({ id: message.id, status: "failed", result: { ok: false, error } });
    return true;
  });
  await using shell = new TerminalRun(["shell", "--lang", "en"], { server: server.url });
  await shell.see(/What shall be done\?/);
  shell.type("echo\r");
  await shell.see(/◆ {2}echo/);
  shell.type("x\r");
  await shell.see(/Failed · [\d.]+ ms/);
  await shell.see(/error: task_error: it broke/);
  assert.doesNotMatch(shell.text, /Done/);
  assert.doesNotMatch(shell.text, /Working …/);
});

test("two clients are asked in the person's language whether they send the same", async () => {
  await using server = await openServer();
  await using shell = new TerminalRun(["shell", "--lang", "es", "--clients", "2"], { server: server.url });
  await shell.see(/¿Qué quieres hacer\?/);
  shell.type("upper\r");
  await shell.see(/¿Lo mismo para los 2 clientes\?/);
  await shell.see(/Sí .* No/);
});
