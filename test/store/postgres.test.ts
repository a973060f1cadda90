import { after, before, describe } from "node:test";
import { needs } from "../../scripts/system-programs.ts";
import { Postgres } from "../services/postgres.ts";
import { openEmpty } from "./open-postgres.ts";
import { storeContract } from "./store-contract.ts";
import { decidesContract } from "./store-decides-contract.ts";

describe("PostgreSQL", { skip: needs("postgres").skip }, () => {
  let postgres: Postgres;
  before(async () => (postgres = await Postgres.start({ fast: true })));
  after(() => postgres?.[Symbol.asyncDispose]());

  storeContract("PostgreSQL", () => openEmpty(postgres));
  for (const seed of [5, 6]) decidesContract("PostgreSQL", () => openEmpty(postgres), seed);
});
