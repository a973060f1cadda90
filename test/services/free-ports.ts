import { freePorts as find } from "../../src/up/ports.ts";

export function freePorts(count: number): Promise<number[]> {
  return find(count, Math.random);
}
