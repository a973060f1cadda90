import { fib as compute } from "./fib.mjs";

export const upper = ({ payload }) => ({ ok: true, data: payload.toUpperCase() });
export const fib = ({ n }) => compute(n);
