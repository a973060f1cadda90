/** The ops of one session, each answered once. */
import type { Engine } from "../engine/engine.ts";
import type { OpRequest } from "../protocol/messages.ts";
import { failedReply, okReply, type Line } from "../protocol/reply.ts";
import { toTandaError } from "../task/errors.ts";
import { answering } from "./answering.ts";
import type { Bearer } from "./bearer.ts";
import type { GatewayContext } from "./context.ts";
import { unauthorized } from "./door.ts";
import { pingData } from "./health.ts";
import type { LongAnswersOfOne } from "./long-answers.ts";
import type { NodeVisit } from "./node-visit.ts";
import { ENGINE_OPS } from "./ops.ts";
import { LITTLE_BYTES } from "./unread.ts";
import type { Watches } from "./watches.ts";

export interface OpSession {
  /** Of what its client was told. */
  readonly unreadBytes: number;
  write(line: Line): void;
  readonly bearer: Pick<Bearer, "authorize">;
  /** As its client may use it, once he is let in. */
  readonly engine: Engine;
  /** Answered as its task would be. */
  waitFor(engine: Engine, task: string, prefix: string, bytes: number): Promise<void>;
}

export class SessionOps {
  readonly #context: GatewayContext;
  readonly #session: OpSession;
  readonly #watches: Watches;
  readonly #visit: NodeVisit;
  readonly #longAnswers: LongAnswersOfOne;

  constructor(context: GatewayContext, session: OpSession, watches: Watches, visit: NodeVisit) {
    this.#context = context;
    this.#session = session;
    this.#watches = watches;
    this.#visit = visit;
    this.#longAnswers = context.longAnswers.of(() => session.unreadBytes <= LITTLE_BYTES);
  }

  get isAsking(): boolean {
    return !this.#longAnswers.isEmpty;
  }

  /** Its client has read, perhaps enough. */
  relieved(): void {
    this.#longAnswers.relieved();
  }

  close(): void {
    this.#longAnswers.close();
  }

  /** @param bytes its size on the wire. */
  async run(prefix: string, request: OpRequest, bytes: number): Promise<void> {
    const session = this.#session;
    const tell = (data: string): void => session.write(okReply(prefix, data));
    try {
      const simple = ENGINE_OPS.get(request.op);
      if (simple) {
        const ask = async (): Promise<string> =>
          JSON.stringify(await simple(answering(session.engine, request), request));
        return tell(await (request.op === "list" ? this.#longAnswers.ask(ask) : ask()));
      }
      switch (request.op) {
        case "ping":
          return tell(pingData(this.#context));
        case "auth": {
          // What is known at once counts for what comes right behind it.
          const isIn = session.bearer.authorize(request.token!);
          if (!(typeof isIn === "boolean" ? isIn : await isIn)) throw unauthorized();
          return tell('{"authorized":true}');
        }
        case "node":
          return tell(JSON.stringify(this.#visit.meet(request)));
        case "watch":
          return await this.#watches.start(prefix, request);
        case "unwatch":
          this.#watches.stop(request.watch);
          return tell('{"watching":false}');
        default:
          await session.waitFor(answering(session.engine, request), request.task!, prefix, bytes);
      }
    } catch (error) {
      session.write(failedReply(prefix, null, toTandaError(error).toBody()));
    }
  }
}
