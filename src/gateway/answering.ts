import type { Engine } from "../engine/engine.ts";
import type { OpRequest } from "../protocol/messages.ts";

/** Who answers: in a cluster all nodes, or the owner of the task, unless only this node is asked. */
export function answering(engine: Engine, request: OpRequest): Engine {
  return request.local === true ? (engine.local ?? engine) : engine;
}
