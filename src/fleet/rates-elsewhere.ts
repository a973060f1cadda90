/** What other processes tell of queues and actions, added to what this one knows of them. */
import type { ActionView, QueueView } from "../protocol/messages.ts";
import { addActionRates, addRates } from "../protocol/rates.ts";
import type { NodeInfo } from "./presence.ts";

export function withQueueRates(views: readonly QueueView[], others: readonly NodeInfo[]): QueueView[] {
  const byName = new Map(views.map((view) => [view.queue, { ...view }]));
  for (const told of others.flatMap(({ queueRates = [] }) => queueRates)) {
    const view = byName.get(told.queue);
    if (view) view.perSecond = addRates(view.perSecond, told.perSecond);
  }
  return [...byName.values()];
}

export function withActionRates(views: readonly ActionView[], others: readonly NodeInfo[]): ActionView[] {
  const byName = new Map(views.map((view) => [view.action, { ...view }]));
  for (const told of others.flatMap(({ actionRates = [] }) => actionRates)) {
    const view = byName.get(told.action);
    if (view) Object.assign(view, addActionRates(view, told));
  }
  return [...byName.values()];
}
