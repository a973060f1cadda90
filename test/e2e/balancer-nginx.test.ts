import { nginxConfig } from "../../src/balancer/nginx.ts";
import { createNginx, found } from "../services/nginx.ts";
import { balancerSuite } from "./balancer-suite.ts";

balancerSuite({
  name: "nginx",
  skip: found.skip,
  create: (options) => createNginx(options.listen.port, nginxConfig(options)),
  asks: false,
  reloads: true,
});
