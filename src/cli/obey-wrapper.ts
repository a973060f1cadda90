/**
 * Under a Node that is too old, bin/tanda.js starts this program with a newer one and passes signals on. When it is killed in a
 * way that it cannot pass on, its channel closes: then this process ends as if it had been told to.
 */
const WRAPPED = "TANDA_WRAPPED";

if (process.env[WRAPPED] !== undefined) {
  // Not for our own children.
  delete process.env[WRAPPED];
  process.channel?.unref();
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
}
