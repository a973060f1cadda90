/**
 * One client at lines or WebSocket: what it asked, what it is still owed, and when it is not listened to.
 * Requests of one read go to the engine together; answers of one turn go out together.
 */
import type { Answer, Engine, Submission, Waiter } from "../engine/engine.ts";
import { acceptedReply, doneReply, failedReply, type Line } from "../protocol/reply.ts";
import { parseRequest, type Submit } from "../protocol/request.ts";
import { TandaError } from "../task/errors.ts";
import { LargeResults } from "./blob-results.ts";
import type { GatewayContext } from "./context.ts";
import { Bearer } from "./bearer.ts";
import { tokenIsOver, unauthorized } from "./door.ts";
import type { Grant } from "./grant.ts";
import { InlineTalk, type Talker } from "./inline-talk.ts";
import { Load, type Item, type Pending } from "./load.ts";
import { NodeVisit } from "./node-visit.ts";
import { OPEN_OPS } from "./ops.ts";
import type { Outlet } from "./outlet.ts";
import type { RefusalsOfOne } from "./refusals.ts";
import { SessionOps } from "./session-ops.ts";
import type { TurnEnd } from "./turn.ts";
import { Watches } from "./watches.ts";

export class Session implements Waiter, TurnEnd, Talker {
  readonly sender: object = this;
  readonly #context: GatewayContext;
  readonly #outlet: Outlet;
  readonly #load: Load;
  readonly #inline: InlineTalk;
  readonly #watches: Watches;
  #gathered: Submission[] = [];
  readonly #large: LargeResults;
  readonly #ops: SessionOps;
  readonly bearer: Bearer;
  readonly #refusals: RefusalsOfOne;
  readonly #visit: NodeVisit;
  /** reading → draining (new tasks are refused) → ending (no more input; answers are still owed) → finished | closed. */
  #state: "reading" | "draining" | "ending" | "finished" | "closed" = "reading";
  readonly #onRoom = (): void => this.#context.turn.schedule(this);

  constructor(context: GatewayContext, outlet: Outlet, grant: Grant | null, from: string) {
    this.#context = context;
    this.#outlet = outlet;
    this.bearer = new Bearer(context, grant, from, {
      onHold: () => this.#holdBack(),
      onRelease: () => this.endOfRead(),
      onOther: () => this.#watches.stopAll(),
      onOver: () => this.#expel(),
      onTooMany: () => this.endOfInput(),
    });
    this.#visit = new NodeVisit(context.nodeDoor, this.bearer);
    this.#refusals = context.refusals.of(this.#onRoom);
    this.#load = new Load(context.limits, context.budget, context.shares.open());
    this.#inline = new InlineTalk(context, this);
    this.#watches = new Watches(context, this);
    this.#ops = new SessionOps(context, this, this.#watches, this.#visit);
    this.#large = new LargeResults(context.own.results, {
      maxLineBytes: context.limits.lineBytes,
      mayRead: () => !this.isClosed && !this.isUnread,
      tell: (pending, answer, result) => {
        if (this.isClosed) return;
        this.#tell(pending, answer, result);
        this.#outlet.flush();
      },
    });
  }

  get isIdle(): boolean {
    return this.isOnlyWatching && this.#watches.isEmpty;
  }

  /** Nothing but watches, which may never have anything to tell. */
  get isOnlyWatching(): boolean {
    return this.#load.isEmpty && this.#inline.isEmpty;
  }

  get unanswered(): number {
    return this.#load.count;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  get isAuthorized(): boolean {
    return this.bearer.engine !== null;
  }

  get engine(): Engine {
    return this.bearer.engine!;
  }

  get unreadBytes(): number {
    return this.#outlet.unreadBytes;
  }

  /** Long answers wait for it to read, or for their turn. */
  get isAsking(): boolean {
    return this.#ops.isAsking;
  }

  /** One line or message. Tasks are gathered until {@link endOfRead}. `bytes` is its size on the wire. */
  receive(text: string, bytes: number, allowsInline: boolean): void {
    if (!this.#isListening) return;
    if (this.bearer.holds(() => this.receive(text, bytes, allowsInline))) return;
    if (allowsInline && text.charCodeAt(0) !== 123 && !text.trimStart().startsWith("{"))
      return this.#inline.receive(text, bytes);
    const request = parseRequest(text, this.#context.limits);
    if (request.type === "refused")
      return this.write(failedReply(request.prefix, null, request.error.toBody()));
    const isOpen = request.type === "op" && OPEN_OPS.has(request.op.op);
    const refusal = this.isAuthorized || isOpen ? this.#visit.refusalOf(request) : unauthorized();
    if (refusal !== null) return this.write(failedReply(request.prefix, null, refusal.toBody()));
    const { prefix } = request;
    if (request.type === "op") return this.#admit({ type: "op", bytes, prefix, op: request.op });
    const tellsTask = request.options !== null;
    this.submit(request, { prefix, bytes, tellsTask, slot: null, overtook: false, bornIn: 0 });
  }

  /** What came is no line that can be taken. `prefix` is null when it would have been inline. */
  refuseLine(prefix: string | null, error: TandaError): void {
    if (!this.#isListening) return;
    if (this.bearer.holds(() => this.refuseLine(prefix, error))) return;
    if (prefix === null) this.#inline.refuse(error);
    else this.write(failedReply(prefix, null, error.toBody()));
  }

  submit(submit: Submit, pending: Pending): void {
    if (this.#state === "draining" || this.#context.isDraining()) {
      this.#load.begin(pending.bytes, false);
      const error = new TandaError("unavailable", "the node is stopping", {
        hint: "Connect again, to another.",
      });
      this.#tell(pending, { status: "failed", task: null, error: error.toBody() }, "");
      return;
    }
    this.#admit({ type: "submit", bytes: pending.bytes, submit, pending });
  }

  /** All that one read brought was received. */
  endOfRead(): void {
    this.#submitGathered();
    this.#holdBack();
  }

  /** The client sends no more. */
  endOfInput(): void {
    if (this.bearer.holds(() => this.endOfInput())) return;
    if (this.#isListening) this.#state = "ending";
    this.#context.turn.schedule(this);
  }

  /** Answers what is owed, then ends; at once when nothing is. Takes no new tasks. */
  drain(): void {
    this.#watches.stopAll();
    if (this.#state === "reading") this.#state = "draining";
    this.#context.turn.schedule(this);
  }

  /** The connection is gone. Tasks go on; nobody waits for them here. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#watches.stopAll();
    this.#ops.close();
    this.bearer.leave();
    this.bearer.engine?.leave(this);
    this.#context.budget.forget(this.#onRoom);
    this.#context.shares.forget(this.#onRoom);
    this.#refusals.close();
    this.#load.drop();
  }

  write(line: Line): void {
    if (this.#state === "closed") return;
    this.#outlet.write(line);
    this.#context.turn.schedule(this);
  }

  answer(token: unknown, answer: Answer): void {
    if (this.#state === "closed") return;
    const pending = token as Pending;
    this.#refusals.note(answer);
    if (answer.status === "done" && answer.result === null && answer.resultBlob !== null) {
      this.#large.push(pending, answer);
      this.#context.turn.schedule(this);
      return;
    }
    this.#tell(pending, answer, answer.status === "done" ? (answer.result ?? "null") : "");
  }

  /** Once in each turn in which something was written, answered or freed. */
  endOfTurn(): void {
    if (this.#state === "closed") return;
    this.#outlet.flush();
    this.#relieve();
    this.#large.relieved();
    this.#ops.relieved();
    this.#watches.relieved();
    const mayEnd = this.#state === "ending" || this.#state === "draining";
    if (mayEnd && this.isIdle && this.#large.isEmpty) {
      this.#state = "finished";
      this.#outlet.flush();
      this.#outlet.finish();
    }
  }

  /** The token he came in with is over: nothing more is told to him, nor heard of him. */
  #expel(): void {
    if (this.#state === "closed" || this.#state === "finished") return;
    this.#watches.stopAll();
    this.bearer.engine?.leave(this);
    this.write(failedReply("", null, tokenIsOver().toBody()));
    this.#state = "finished";
    this.#outlet.flush();
    this.#outlet.finish("unauthorized");
  }

  /** For a request that passes without the engine's answer: counted while it lasts. */
  async counted(bytes: number, run: () => Promise<void>): Promise<void> {
    const overtook = this.#load.begin(bytes, true);
    try {
      await run();
    } finally {
      this.#end(bytes, overtook);
    }
  }

  #admit(item: Item): void {
    if (this.#load.admits(item)) this.#run(item);
  }

  #run(item: Item): void {
    if (item.type === "op") {
      // What was sent before it may be what it asks about.
      this.#submitGathered();
      return void this.counted(item.bytes, () => this.#ops.run(item.prefix, item.op, item.bytes));
    }
    this.#load.beginTask(item.pending);
    const { action, payload, options } = item.submit;
    this.#gathered.push({ token: item.pending, action, payload, options });
  }

  #submitGathered(): void {
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.engine.submit(gathered, this);
  }

  #end(bytes: number, overtook: boolean): void {
    if (this.#state === "closed") return;
    this.#load.end(bytes, overtook);
    this.#context.turn.schedule(this);
  }

  #tell(pending: Pending, answer: Answer, result: string): void {
    const { prefix, slot } = pending;
    const task = pending.tellsTask ? answer.task : null;
    if (slot) this.#inline.tell(slot, answer, result);
    else if (answer.status === "done") this.write(doneReply(prefix, task, result));
    else if (answer.status === "failed") this.write(failedReply(prefix, task, answer.error));
    else this.write(acceptedReply(prefix, answer.task, answer.status));
    if (this.#state === "closed") return;
    this.#load.endTask(pending);
    this.#context.turn.schedule(this);
  }

  get #isListening(): boolean {
    return this.#state === "reading" || this.#state === "draining";
  }

  get isUnread(): boolean {
    return this.#outlet.unreadBytes > this.#context.limits.unreadBytes;
  }

  #relieve(): void {
    if (!this.isUnread && !this.#refusals.isResting) for (const item of this.#load.next()) this.#run(item);
    this.endOfRead();
  }

  #holdBack(): void {
    if (!this.#context.budget.hasRoom) this.#context.budget.whenRoom(this.#onRoom);
    if (this.#load.isSharing) this.#context.shares.whenOlder(this.#onRoom);
    const isHeld = this.bearer.isHolding || this.#refusals.isResting || this.#load.isFull;
    if (this.#isListening) this.#outlet.setReading(!isHeld && !this.isUnread);
  }

  /** Counts on, as a task would, until the answer. */
  async waitFor(engine: Engine, task: string, prefix: string, bytes: number): Promise<void> {
    const pending: Pending = { prefix, bytes, tellsTask: true, slot: null, overtook: false, bornIn: 0 };
    pending.overtook = this.#load.begin(pending.bytes, true);
    try {
      await engine.wait(task, pending, this);
    } catch (error) {
      this.#end(bytes, pending.overtook);
      throw error;
    }
  }
}
