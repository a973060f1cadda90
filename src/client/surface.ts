import type { TaskView } from "../protocol/messages.ts";
import type { AskOp, AskOptions, Caller, CallOptions, OpArguments, Submitted } from "./caller.ts";
import { TandaError } from "../task/errors.ts";
import type { Client, General, Handle } from "./typed.ts";

/** Names that JavaScript itself asks of any object; an action called so is reached by `$.run`. */
const NOT_ACTIONS: ReadonlySet<PropertyKey> = new Set(["then", "toJSON"]);

type LooseCall = ((payload?: unknown, options?: CallOptions) => Promise<unknown>) & {
  submit(payload?: unknown, options?: CallOptions): Promise<Handle>;
};

/** Puts the typed face of a client before whatever brings requests to a node. */
export function createClient<Actions = unknown>(caller: Caller): Client<Actions> {
  const general = createGeneral(caller);
  const calls = new Map<string, LooseCall>();
  const dispose = (): Promise<void> => caller.close();
  const client = new Proxy(Object.freeze(Object.create(null) as object), {
    get(_target, name) {
      if (name === "$") return general;
      if (name === Symbol.asyncDispose) return dispose;
      if (typeof name === "symbol" || NOT_ACTIONS.has(name)) return undefined;
      let call = calls.get(name);
      if (!call) {
        call = createCall(caller, name);
        calls.set(name, call);
      }
      return call;
    },
    has: (_target, name) => name === "$" || name === Symbol.asyncDispose,
  });
  return client as Client<Actions>;
}

function createCall(caller: Caller, action: string): LooseCall {
  const call = (payload?: unknown, options?: CallOptions): Promise<unknown> =>
    caller.run(action, payload, options);
  return Object.assign(call, {
    submit: async (payload?: unknown, options?: CallOptions) =>
      createHandle(caller, await caller.submit(action, payload, options)),
  });
}

function createHandle<Result>(
  caller: Caller,
  { task, status }: { task: string; status: Submitted["status"] | null },
): Handle<Result> {
  return {
    task,
    status,
    result: (options) => caller.ask("wait", { task }, options) as Promise<Result>,
    wait: (options) => waitFor(caller, task, options),
    get: (options) => caller.ask("get", { task }, options) as Promise<TaskView>,
    watch: (options) => caller.watch({ task }, options),
    cancel: (options) => caller.ask("cancel", { task }, options) as Promise<TaskView>,
  };
}

/** However it ended, that is told by the view; only what kept us from knowing is thrown. */
async function waitFor(caller: Caller, task: string, options: AskOptions | undefined): Promise<TaskView> {
  try {
    await caller.ask("wait", { task }, options);
  } catch (thrown) {
    const isOutcome = thrown instanceof TandaError && !NOT_OUTCOMES.has(thrown.code);
    if (!isOutcome) throw thrown;
  }
  return (await caller.ask("get", { task }, options)) as TaskView;
}
const NOT_OUTCOMES: ReadonlySet<string> = new Set([
  "not_found",
  "unauthorized",
  "forbidden",
  "unavailable",
  "busy",
  "bad_request",
  "internal",
]);

function createGeneral(caller: Caller): General {
  /** The answers' types are the protocol's; the node is trusted to keep them. */
  const ask = <T>(op: AskOp, about?: OpArguments, options?: AskOptions): Promise<T> =>
    caller.ask(op, about, options) as Promise<T>;
  return {
    run: <T>(action: string, payload?: unknown, options?: CallOptions) =>
      caller.run(action, payload, options) as Promise<T>,
    submit: async (action, payload, options) =>
      createHandle(caller, await caller.submit(action, payload, options)),
    task: (task) => createHandle(caller, { task, status: null }),
    get: (task, options) => ask("get", { task }, options),
    wait: (task, options) => waitFor(caller, task, options),
    list: (filter, options) => ask("list", filter, options),
    watch: (filter = {}, options) => caller.watch(filter, options),
    cancel: (task, options) => ask("cancel", { task }, options),
    retry: (task, options) => ask("retry", { task }, options),
    delete: (task, options) => ask("delete", { task }, options),
    explain: (task, options) => ask("explain", { task }, options),
    pause: (queue, options) => ask("pause", { queue }, options),
    resume: (queue, options) => ask("resume", { queue }, options),
    drain: (queue, options) => ask("drain", { queue }, options),
    purge: (queue, options) => ask("purge", { queue }, options),
    drainWorker: (worker, options) => ask("drain_worker", { worker }, options),
    resumeWorker: (worker, options) => ask("resume_worker", { worker }, options),
    actions: (options) => ask("actions", undefined, options),
    queues: (options) => ask("queues", undefined, options),
    workers: (options) => ask("workers", undefined, options),
    nodes: (options) => ask("nodes", undefined, options),
    stats: (options) => ask("stats", undefined, options),
    history: (window, options) => ask("history", { window }, options),
    createToken: (wish, options) => ask("create_token", wish, options),
    tokens: (options) => ask("tokens", undefined, options),
    revokeToken: (token, options) => ask("revoke_token", { token }, options),
    audit: (filter = {}, options) => ask("audit", filter, options),
    ping: (options) => ask("ping", undefined, options),
    blobs: caller.blobs,
    open: () => caller.open(),
    close: (options) => caller.close(options),
    [Symbol.asyncDispose]: () => caller.close(),
  };
}
