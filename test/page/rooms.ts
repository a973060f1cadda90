/** The pages there are, and what each has to show of a busy system, for the tests and for the pictures. */
import type { Page } from "playwright-core";
import { en } from "../../dashboard/src/words/en.ts";
import type { Known } from "./busy-system.ts";

export type Room = {
  readonly name: string;
  hash(known: Known): string;
  /** Resolves when what matters is to be seen. */
  shown(page: Page): Promise<unknown>;
};

const see = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator("main").getByText(text).filter({ visible: true }).first().waitFor();

export const ROOMS: readonly Room[] = [
  {
    name: "overview",
    hash: () => "/",
    shown: async (page) => {
      await see(page, en.gateway);
      await see(page, en.worker);
      await see(page, en.storage);
      await see(page, en.throughput);
      await page.locator("main canvas").first().waitFor();
      // The paused queue is to be seen here already.
      await see(page, /newsletter/);
    },
  },
  {
    name: "tasks",
    hash: () => "/tasks",
    shown: async (page) => {
      await page.getByRole("heading", { name: en.tasks }).waitFor();
      await page.getByRole("searchbox").waitFor();
      await see(page, "order");
      await see(page, en.states.done);
    },
  },
  {
    name: "task-failed",
    hash: ({ failed }) => `/tasks/${failed}`,
    shown: async (page) => {
      await page.getByRole("heading", { name: /charge/ }).waitFor();
      await see(page, /bank 0 refused card 4000/);
      await page.getByRole("button", { name: en.runAgain }).waitFor();
    },
  },
  {
    name: "task-retried",
    hash: ({ retried }) => `/tasks/${retried}`,
    shown: async (page) => {
      await page.getByRole("heading", { name: /import/ }).waitFor();
      await see(page, /line 2 of prices\.csv cannot be read/);
      await see(page, /"rows": 12/);
    },
  },
  {
    name: "task-picture",
    hash: ({ picture }) => `/tasks/${picture}`,
    shown: async (page) => {
      await page.getByRole("heading", { name: /chart/ }).waitFor();
      await page.locator("main img").waitFor();
    },
  },
  {
    name: "try",
    hash: () => "/try?action=order",
    shown: async (page) => {
      await page.getByLabel("customer").waitFor();
      await page.getByRole("button", { name: en.send, exact: true }).waitFor();
    },
  },
  {
    name: "queues",
    hash: () => "/queues",
    shown: async (page) => {
      await see(page, "newsletter");
      await see(page, en.paused);
      await see(page, "mail");
    },
  },
  {
    name: "workers",
    hash: () => "/workers",
    shown: async (page) => {
      await page.getByRole("heading", { name: en.workers, exact: true }).waitFor();
      await see(page, /2 threads/);
    },
  },
  {
    name: "failed",
    hash: () => "/failed",
    shown: async (page) => {
      await see(page, /refused card/);
      await see(page, /no answer from till/);
      await see(page, /has no account/);
    },
  },
  {
    name: "actions",
    hash: () => "/actions",
    shown: async (page) => {
      await page.getByRole("heading", { name: "charge" }).waitFor();
      await see(page, "Charges a card, which goes wrong in three ways.");
    },
  },
];
