/** Whoever started this process is gone: nobody waits for what it does. Without such a channel (by hand) nothing happens. */
process.once("disconnect", () => process.exit());
