import { fib } from "./fib.mjs";

export default async ({ data }) => fib(data.n);
