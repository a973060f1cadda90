/** At the end, every row against what customers were told, what was run, and what the database saw. */
import type { Audit } from "./audit.ts";
import { Column } from "./column.ts";
import { numberOfKey, type Orders } from "./orders.ts";
import { CANCELLED, DONE, FAILED, FINAL_STATES } from "./states.ts";
import type { Verdicts } from "./verdicts.ts";
import type { Witness } from "./witness.ts";
import { digestOf } from "./work.ts";

const AT_ONCE = 20_000;
const FIRST = "00000000-0000-0000-0000-000000000000";
/** The rows of orders: not what people and faults send. */
const SQL = `select id, key, state, attempt, losses, (nullif(payload, '')::json ->> 'n')::int as n,
    result::json ->> 'digest' as digest, (result::json ->> 'attempt')::int as of, result_blob is not null as "isLarge",
    error::json ->> 'code' as code
  from tanda.tasks where id > $1 and action in ('quick', 'slow') order by id limit ${AT_ONCE}`;

type Row = {
  readonly id: string;
  readonly key: string | null;
  readonly state: number;
  readonly attempt: number;
  readonly losses: number;
  readonly n: number | null;
  readonly digest: string | null;
  readonly of: number | null;
  readonly isLarge: boolean;
  readonly code: string | null;
};

export type RowsTold = {
  readonly rows: number;
  /** Accepted, and not there. */
  readonly lost: number;
  readonly recordedTwice: number;
  readonly failed: number;
  /** Of tasks that were run more than once. */
  readonly ids: ReadonlyMap<number, string>;
};

export async function checkRows(
  audit: Audit,
  orders: Orders,
  witness: Witness,
  verdicts: Verdicts,
  customers: number,
): Promise<RowsTold> {
  const found = new Column(Uint8Array);
  const ids = new Map<number, string>();
  let count = 0;
  let failed = 0;
  for (let last = FIRST; ;) {
    const rows = await audit.query<Row>(SQL, [last]);
    for (const row of rows) {
      const n = row.n ?? numberOfKey(row.key!);
      found.set(n, Math.min(found.get(n) + 1, 255));
      if (witness.several.has(n)) ids.set(n, row.id);
      if (row.state === FAILED) failed++;
      checkRow(row, n, orders, witness, verdicts, customers);
    }
    count += rows.length;
    if (rows.length < AT_ONCE) break;
    last = rows.at(-1)!.id;
  }
  const { lost, twice } = checkOrders(found, orders, witness, verdicts);
  const [double] = await audit.query<{ count: number }>(
    `select count(*)::int as count from (select from audit.changes where state >= ${FINAL_STATES[0]} group by id having count(*) > 1) twice`,
  );
  if (double!.count > 0) verdicts.break("I2", `${double!.count} tasks have two ends`);
  for (const invariant of ["I1", "I2", "I4", "I5"] as const) verdicts.checked(invariant);
  return { rows: count, lost, recordedTwice: twice + double!.count, failed, ids };
}

function checkRow(
  row: Row,
  n: number,
  orders: Orders,
  witness: Witness,
  verdicts: Verdicts,
  customers: number,
): void {
  const { id, state, attempt, code } = row;
  const { way } = orders.order(n);
  if (!FINAL_STATES.includes(state))
    verdicts.break("I8", `${id} never ended: state ${state}, attempt ${attempt}`, n);
  if (state === DONE) {
    if (!row.isLarge && (row.digest !== digestOf(n, n % customers) || row.of !== attempt))
      verdicts.break("I2", `${id} holds the result of attempt ${row.of}, and is at attempt ${attempt}`, n);
    if (!witness.isDone(n, attempt))
      verdicts.break("I3", `${id} is done, and attempt ${attempt} never came to its end`, n);
  } else if (state === CANCELLED) {
    if (way !== "cancel") verdicts.break("I4", `${id} was cancelled, and nobody asked for that`, n);
  } else if (state === FAILED && !((code === "crashed" || code === "lost") && row.losses > 0))
    verdicts.break("I4", `${id} failed with ${code} at attempt ${attempt}`, n);
}

function checkOrders(
  found: Column<Uint8Array>,
  orders: Orders,
  witness: Witness,
  verdicts: Verdicts,
): { lost: number; twice: number } {
  let lost = 0;
  let twice = 0;
  for (let n = 1; n <= orders.count; n++) {
    const rows = found.get(n);
    const outcome = orders.outcomeOf(n);
    if (rows > 1) {
      twice++;
      verdicts.break("I1", `order ${n} is in ${rows} rows`, n);
    }
    if ((outcome === "accepted" || outcome === "answered") && rows === 0) {
      lost++;
      verdicts.break("I1", `order ${n} was ${outcome}, and there is no row of it`, n);
    }
    if (outcome === "refused" && (rows > 0 || witness.countOf(n) > 0))
      verdicts.break("I1", `order ${n} was refused, and kept`, n);
  }
  for (const n of witness.twoIds) verdicts.break("I1", `order ${n} was run as two tasks`, n);
  return { lost, twice };
}
