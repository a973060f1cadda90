import { haproxyConfig } from "../../src/balancer/haproxy.ts";
import { createHaproxy, found } from "../services/haproxy.ts";
import { balancerSuite } from "./balancer-suite.ts";

balancerSuite({
  name: "HAProxy",
  skip: found.skip,
  create: (options) => createHaproxy(options.listen.port, haproxyConfig(options)),
  asks: true,
  reloads: true,
});
