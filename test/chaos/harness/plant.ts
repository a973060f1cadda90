/** Loaded before a box's own code: plants the mistake that its environment names. */
import { plant } from "../../simulation/bugs.ts";
import { PLANTED } from "./bugs.ts";

const name = process.env["CHAOS_BUG"];
const bug = PLANTED.find((one) => one.name === name);
if (bug === undefined) throw new Error(`There is no bug ${name}`);
plant(bug);
