import "./ends-with-parent.mjs";

/** Runs the one that the command line names (FILE WHERE WORKLOAD COUNT), and prints its figures as JSON. */
export async function runWorkload(workloads) {
  const [workload, count] = [process.argv[3], Number(process.argv[4])];
  const run = workloads[workload];
  if (!run) throw new Error(`It has no ${workload}, but ${Object.keys(workloads).join(", ")}`);
  console.log(JSON.stringify(await run(count)));
  process.exit(0);
}
