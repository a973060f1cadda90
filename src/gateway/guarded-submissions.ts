import type { Access, Submission } from "../engine/engine.ts";
import { TandaError } from "../task/errors.ts";
import { tokenIsOver } from "./door.ts";
import type { Grant } from "./grant.ts";
import { mayNot, mayNotUse } from "./may-not.ts";

export type Guarded = {
  readonly allowed: readonly Submission[];
  readonly refused: readonly { readonly token: unknown; readonly error: TandaError }[];
};

/** @param now of a clock that only measures, in milliseconds. */
export function guardSubmissions(
  submissions: readonly Submission[],
  grant: Grant,
  access: Pick<Access, "queueOf">,
  now: number,
): Guarded {
  const allowed: Submission[] = [];
  const refused: { token: unknown; error: TandaError }[] = [];
  for (const submission of submissions) {
    try {
      allowed.push(guardSubmission(submission, grant, access, now));
    } catch (error) {
      refused.push({ token: submission.token, error: error as TandaError });
    }
  }
  return { allowed, refused };
}

/** @throws unauthorized, forbidden, too_large, busy */
function guardSubmission(
  submission: Submission,
  grant: Grant,
  access: Pick<Access, "queueOf">,
  now: number,
): Submission {
  const { action, payload, options } = submission;
  if (grant.isOver) throw tokenIsOver();
  if (!grant.may("submit")) throw mayNot("submit");
  if (!grant.mayAction(action)) throw mayNotUse("action", action);
  if (options?.owner !== undefined || options?.local !== undefined)
    throw new TandaError("forbidden", "owner and local are for tokens that may do all", {
      hint: "Leave them out: what a token submits is its own.",
    });
  const { scope, owner } = grant;
  const more: { owner?: string; queue?: string } = owner === null ? {} : { owner };
  if (scope?.queues !== undefined) {
    // Said aloud, so that it is the queue that was judged, whatever the action becomes meanwhile.
    const queue = options?.queue ?? access.queueOf(action);
    if (!grant.mayQueue(queue)) throw mayNotUse("queue", queue);
    more.queue = queue;
  }
  const maxBytes = scope?.maxBytes ?? Infinity;
  if (payload.length > maxBytes || (payload.length * 3 > maxBytes && Buffer.byteLength(payload) > maxBytes))
    throw new TandaError("too_large", `the payload is larger than the ${maxBytes} bytes of this token`);
  const retryAfterMs = grant.take(now);
  if (retryAfterMs > 0) {
    throw new TandaError("busy", "this token has submitted as much as it may for now", {
      retryAfterMs,
      hint: "Send fewer, or ask for a token with a higher --rate.",
    });
  }
  return Object.keys(more).length === 0 ? submission : { ...submission, options: { ...options, ...more } };
}
