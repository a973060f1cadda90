import { useEffect, useState } from "react";
import type { Age } from "./age.ts";

const LOOK_MS = 2000;
/** So much later than it should have been told anew, it is said to be old. */
const LATE_MS = 6000;

/** A node that is busy, stopped or cut off may leave a connection open and say nothing: what is shown is old all the same. */
export function useLate(age: Age | null): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const look = (): void => setLate(age !== null && !document.hidden && Date.now() > age.dueAt + LATE_MS);
    look();
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [age]);
  return isLate;
}
