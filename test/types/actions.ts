/** Not run: `tsc` reads it, and fails where something compiles that must not, or the other way round. */
import * as v from "valibot";
import { z } from "zod";
import { defineActions, type ActionTable } from "../../src/actions/define.ts";
import { connect } from "../../src/client/client.ts";
import type { InputsOf, ResultsOf } from "../../src/client/typed.ts";

/** Both ways assignable inside a function's type, which `any` does not slip through. */
type Same<A, B> = [(value: A) => A] extends [(value: B) => B]
  ? unknown extends A
    ? unknown extends B
      ? IsAny<A> extends IsAny<B>
        ? true
        : false
      : false
    : true
  : false;
type IsAny<T> = 0 extends 1 & T ? true : false;
function expectSame<A, B>(_isSame: Same<A, B>): void {}

const actions = defineActions({
  resize: {
    input: z.object({ url: z.string(), width: z.number().default(100) }),
    timeout: "30s",
    attempts: 3,
    run: async ({ url, width }, { signal, progress, log, attempt, task, idempotencyKey }) => {
      expectSame<typeof url, string>(true);
      expectSame<typeof width, number>(true);
      expectSame<typeof signal, AbortSignal>(true);
      expectSame<typeof idempotencyKey, string>(true);
      progress({ at: attempt });
      log(task.id);
      return { url, width, at: new Date(0), note: undefined as string | undefined };
    },
  },
  add: { input: v.object({ a: v.number(), b: v.number() }), run: ({ a, b }) => a + b },
  checked: {
    input: z.string(),
    output: z.object({ length: z.number() }),
    run: (text) => ({ length: text.length }),
  },
  bare: { run: (payload) => (expectSame<typeof payload, unknown>(true), [1, 2]) },
  told: { run: (text: string) => text.length },
  nothing: { async run() {} },
});
export const table: ActionTable = actions;

type Inputs = InputsOf<typeof actions>;
type Results = ResultsOf<typeof actions>;
expectSame<Inputs["resize"], { url: string; width?: number | undefined }>(true);
expectSame<Inputs["add"], { a: number; b: number }>(true);
expectSame<Inputs["checked"], string>(true);
expectSame<Inputs["bare"], unknown>(true);
expectSame<Inputs["told"], string>(true);
expectSame<Inputs["nothing"], undefined>(true);
expectSame<Results["resize"]["at"], string>(true);
expectSame<Results["add"], number>(true);
expectSame<Results["checked"], { length: number }>(true);
expectSame<Results["bare"], number[]>(true);
expectSame<Results["nothing"], null>(true);

const plain = {
  shout: { input: z.string(), run: (text: string) => `${text}!` },
  double: { run: async (n: number) => n * 2 },
};
export const plainTable: ActionTable = plain;

export async function callThem(): Promise<void> {
  await using tanda = connect<typeof actions>("tanda://localhost:9000");
  const resized = await tanda.resize({ url: "a" }, { attempts: 2, callTimeout: "5s" });
  expectSame<(typeof resized)["width"], number>(true);
  const handle = await tanda.add.submit({ a: 1, b: 2 }, { delay: "5m" });
  const sum = await handle.result();
  expectSame<typeof sum, number>(true);
  await tanda.nothing();
  await tanda.bare();
  const upper = await tanda.upper("hola");
  expectSame<typeof upper, string>(true);
  for await (const event of tanda.$.watch({ queue: "math" })) if (event.type === "progress") break;

  // @ts-expect-error a wrong payload
  await tanda.resize({ url: 1 });
  // @ts-expect-error a payload is needed
  await tanda.resize();
  // @ts-expect-error an unknown option
  await tanda.resize({ url: "a" }, { atempts: 2 });
  // @ts-expect-error valibot: b is missing
  await tanda.add.submit({ a: 1 });
  // @ts-expect-error no such action
  await tanda.rezise({ url: "a" });
  // @ts-expect-error a result of another type
  const wrong: string = await tanda.add({ a: 1, b: 2 });
  void wrong;

  const other = connect<typeof plain>("tanda://localhost:9000");
  expectSame<Awaited<ReturnType<typeof other.double>>, number>(true);
  // @ts-expect-error a plain object is typed just so
  await other.shout(1);
}

defineActions({
  // @ts-expect-error run does not take what the schema gives
  wrongInput: { input: z.string(), run: (n: number) => n },
});
defineActions({
  // @ts-expect-error run does not return what the output schema takes
  wrongOutput: { input: z.string(), output: z.number(), run: (text) => text },
});
defineActions({
  // @ts-expect-error a misspelt option
  misspelt: { input: z.string(), tmeout: "3s", run: (text) => text },
});
defineActions({
  // @ts-expect-error an option of another type
  wrongOption: { input: z.string(), timeout: true, run: (text) => text },
});
