/** The short task of most measures, and the check of its answer. */
type Reply = { status: string; result?: { data?: unknown } };

export const upper = (id: number): string => `{"id":${id},"action":"upper","payload":"hola"}`;
export const isHola = (reply: Reply): boolean => reply.result?.data === "HOLA";
export const isDone = (reply: Reply): boolean => reply.status === "done";
export const isQueued = (reply: Reply): boolean => reply.status === "queued";
