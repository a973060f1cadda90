import { BuiltinProcess } from "../services/builtin-balancer.ts";
import { balancerSuite } from "./balancer-suite.ts";

balancerSuite({
  name: "the built-in balancer",
  skip: false,
  create: (options) => new BuiltinProcess(options),
  asks: true,
  reloads: false,
});
