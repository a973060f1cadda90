import assert from "node:assert/strict";
import { test } from "node:test";
import { readFigures } from "../../src/up/checks.ts";
import { compact, tableLines } from "../../src/up/live-table.ts";
import { LiveView, type Output } from "../../src/up/live-view.ts";
import type { Row } from "../../src/up/row.ts";
import { Tally } from "../../src/up/tally.ts";

const plain = (_style: string, text: string): string => text;

function row(name: string, more: Partial<Row> = {}): Row {
  const tasks = { inFlight: 8, ran: { done: 1234, failed: 0, perSecond: 56.7, share: 33 } };
  return {
    name,
    role: "node",
    pid: 4321,
    address: "127.0.0.1:9001",
    port: 9001,
    state: { is: "ready" },
    restarts: 0,
    tasks,
    ...more,
  };
}

const rows = [
  row("haproxy", { role: "balancer", port: 9000, tasks: null }),
  row("node-1"),
  row("node-2", { pid: null, state: { is: "restarting", at: 31_500, why: "killed by SIGKILL" } }),
];

test("at 80 columns the table has all that is asked for, in columns that stand still", () => {
  assert.deepEqual(tableLines(rows, 80, 30_000, plain), [
    " PROCESS   PID  PORT   DONE  PER S  OPEN  STATE                SHARE",
    " haproxy  4321  9000                      ● ready",
    " node-1   4321  9001  1,234     57     8  ● ready              ███▋         33 %",
    " node-2         9001  1,234     57     8  ● restarting in 2s   ███▋         33 %",
  ]);
});

test("a wide screen shows roles too, a narrow one leaves out bars, and failures show when there are any", () => {
  assert.match(tableLines(rows, 120, 0, plain)[0]!, /PROCESS +ROLE +PID/);
  const narrow = tableLines(rows, 58, 0, plain);
  assert.doesNotMatch(narrow.join(), /█/);
  assert.match(narrow[2]!, /33 %$/);
  const tasks = { inFlight: 0, ran: { ...rows[1]!.tasks!.ran!, failed: 2 } };
  assert.match(tableLines([{ ...rows[1]!, tasks }], 80, 0, plain)[0]!, /DONE +FAILED +PER S/);
});

test("no line is wider than its screen, whatever is counted", () => {
  const tasks = { inFlight: 9999, ran: { done: 999_999, failed: 0, perSecond: 99_999, share: 100 } };
  const wide = rows.map((one) => ({ ...one, pid: 4_194_303, name: "gateway-1", tasks }));
  for (const width of [60, 72, 80, 96, 200])
    for (const line of tableLines(wide, width, 0, plain)) assert.ok(line.length <= width, line);
});

test("large numbers are short", () => {
  assert.deepEqual([999, 12_345, 1_234_567, 2.5e9].map(compact), ["999", "12,345", "1.23 M", "2.50 G"]);
});

test("a drawn table is erased before anything else is written", () => {
  let written = "";
  const output: Output = {
    write: (text) => (written += text),
    size: () => ({ columns: 80, rows: 24 }),
    isJson: false,
    paint: plain,
  };
  const facts = { title: "3 nodes", listen: "127.0.0.1:9000", hint: "hint", startedAt: 0 };
  const view = new LiveView(output, facts, () => 0);
  view.refresh(rows);
  const lines = written.split("\n").length - 1;
  written = "";
  view.say({}, "something", rows);
  assert.ok(written.startsWith(`\x1b[${lines}A\r\x1b[0J`), JSON.stringify(written));
  written = "";
  view.close();
  assert.equal(written, `\x1b[${lines}A\r\x1b[0J\x1b[?25h`);
});

test("for programs only what changed is told again", () => {
  const told: Record<string, unknown>[] = [];
  const output: Output = {
    write: (text) => told.push(JSON.parse(text) as Record<string, unknown>),
    size: () => null,
    isJson: true,
    paint: plain,
  };
  const view = new LiveView(output, { title: "", listen: "", hint: "", startedAt: 0 }, () => 7);
  view.refresh(rows);
  view.refresh(rows);
  view.refresh([
    rows[0]!,
    rows[1]!,
    { ...rows[2]!, tasks: { inFlight: 8, ran: { ...rows[2]!.tasks!.ran!, done: 1235 } } },
  ]);
  assert.deepEqual(
    told.map(({ name, done }) => [name, done]),
    [
      ["node-1", 1234],
      ["node-2", 1234],
      ["node-2", 1235],
    ],
  );
  assert.deepEqual(told[0], {
    at: 7,
    event: "tasks",
    name: "node-1",
    role: "node",
    done: 1234,
    failed: 0,
    perSecond: 57,
    inFlight: 8,
    share: 33,
  });
});

test("figures are read from what a node measures", () => {
  const text = `# HELP tanda_tasks_finished_total Tasks that ended, and how.
tanda_tasks_finished_total{action="upper",state="done",code=""} 41
tanda_tasks_finished_total{action="fib",state="done",code=""} 1.5e+3
tanda_tasks_finished_total{action="fib",state="failed",code="timed_out"} 2
tanda_in_flight_tasks 7
tanda_tasks{state="done",action="upper",queue="default"} 999
`;
  assert.deepEqual(readFigures(text), { done: 1541, failed: 2, inFlight: 7 });
  const threads = `tanda_threads{state="busy"} 8\ntanda_threads{state="stuck"} 1\ntanda_threads{state="idle"} 5\n`;
  assert.equal(readFigures(text + threads).inFlight, 9);
});

test("a rate is that of the last seconds", () => {
  const tally = new Tally();
  for (let second = 0; second <= 10; second++)
    tally.take({ done: second < 5 ? 0 : (second - 5) * 100, failed: 0, inFlight: 0 }, second * 1000);
  assert.equal(tally.perSecond, 100);
  tally.restart();
  assert.deepEqual([tally.done, tally.perSecond], [500, 0]);
});
