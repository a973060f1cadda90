/** What queues and actions did lately, each figure under a title that says its window. Nodes of an older version tell nothing. */
import type { ActionView, QueueView } from "../protocol/messages.ts";
import { count, rate } from "./phrases.ts";
import type { Column } from "./table.ts";

export const perSecondColumn: Column<Partial<Pick<QueueView, "perSecond">>> = {
  title: "PER SECOND, LAST 10 S",
  cell: ({ perSecond }) => {
    if (perSecond === undefined || (perSecond.submitted === 0 && perSecond.finished === 0)) return "";
    const { submitted, finished, failed } = perSecond;
    const all = `${rate(submitted)} in, ${rate(finished)} finished`;
    return failed === 0 ? all : `${all}, ${rate(failed)} failed`;
  },
};

export const last10mColumn: Column<Partial<Pick<ActionView, "last10m">>> = {
  title: "FINISHED, LAST 10 MIN",
  cell: ({ last10m }) => {
    if (last10m === undefined || last10m.finished === 0) return "";
    const { finished, failed } = last10m;
    return failed === 0 ? count(finished) : `${count(finished)}, ${percent(failed / finished)} failed`;
  },
  isRight: true,
};

function percent(share: number): string {
  return share < 0.001 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}
