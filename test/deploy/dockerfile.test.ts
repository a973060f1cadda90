/** The image's recipe. No Docker is asked: its steps are read, and what they name must be there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { DEPLOY, ownPackage, ROOT, tellNode } from "./told.ts";

type Step = { readonly word: string; readonly rest: string };

const steps: Step[] = readFileSync(join(DEPLOY, "Dockerfile"), "utf8")
  .replace(/^\s*#.*\n/gm, "")
  .replace(/\\\n\s*/g, " ")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => ({ word: line.split(" ")[0]!, rest: line.slice(line.indexOf(" ") + 1) }));
const starts = steps.flatMap(({ word }, index) => (word === "FROM" ? [index] : []));
const stages = starts.map((start, at) => steps.slice(start, starts[at + 1]));
const [build, final] = stages as [Step[], Step[]];
const all = (stage: readonly Step[], word: string): string[] =>
  stage.filter((step) => step.word === word).map(({ rest }) => rest);
const execForm = (text: string): string[] => JSON.parse(text) as string[];

describe("the Dockerfile", () => {
  test("builds in one stage and ships another, on the Node that the tests run on, pinned to the patch", () => {
    assert.equal(stages.length, 2);
    const node = ownPackage.devDependencies["node"];
    for (const stage of stages) {
      assert.match(stage[0]!.rest, new RegExp(`^node:${node}-[a-z]+-slim( AS build)?$`));
    }
  });

  test("ends as another user than root, told by number", () => {
    assert.match(all(final, "USER").join(), /^[1-9]\d*:[1-9]\d*$/);
    assert.ok(
      final.findIndex(({ word }) => word === "USER") > final.findLastIndex(({ word }) => word === "RUN"),
    );
  });

  test("starts Tanda as it is, so that SIGTERM arrives, and asks Tanda itself for its health", () => {
    assert.deepEqual(all(final, "ENTRYPOINT").map(execForm), [["tanda"]]);
    assert.deepEqual(all(final, "CMD").map(execForm), [["serve"]]);
    assert.deepEqual(all(final, "STOPSIGNAL"), ["SIGTERM"]);
    const [health] = all(final, "HEALTHCHECK");
    assert.deepEqual(execForm(health!.slice(health!.indexOf("CMD ") + 4)), ["tanda", "doctor"]);
  });

  test("its last stage takes from the first only what npm would install for a user, and installs nothing", () => {
    assert.match(all(build, "RUN").join("\n"), /npm pack/);
    assert.match(all(build, "RUN").at(-1)!, /npm ci --omit=dev --ignore-scripts/);
    assert.deepEqual(all(final, "COPY"), ["--from=build --chown=0:0 /tanda /opt/tanda"]);
    assert.doesNotMatch(all(final, "RUN").join("\n"), /apt|npm (ci|install|i)\b|curl|wget/);
    assert.match(all(final, "RUN").join("\n"), /rm -rf .*\/usr\/local\/lib\/node_modules /);
  });

  test("all it copies is in the repository, and .dockerignore lets that in and nothing else", () => {
    const copied = all(build, "COPY").flatMap((rest) => rest.split(" ").slice(0, -1));
    for (const path of copied) assert.ok(existsSync(join(ROOT, path)), path);
    const rules = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
    const [first, ...rest] = rules.filter((line) => line !== "" && !line.startsWith("#"));
    assert.equal(first, "*");
    assert.deepEqual(rest.map((rule) => rule.slice(1)).sort(), copied.sort());
  });

  test("has no secret in it, and what it sets keeps a node without a token from starting", () => {
    assert.deepEqual(
      steps.filter(
        ({ word, rest }) => word === "ARG" || (word === "ENV" && /token|password|secret/i.test(rest)),
      ),
      [],
    );
    const env = Object.fromEntries(
      all(final, "ENV").flatMap((rest) => rest.split(" ").map((one) => one.split("=") as [string, string])),
    );
    assert.throws(() => tellNode(env), /can be reached from other machines, and there is no token/);
    const told = tellNode({ ...env, TANDA_TOKEN_FILE: "/run/secrets/token" });
    assert.deepEqual(all(final, "VOLUME"), [told.data]);
    assert.deepEqual(all(final, "EXPOSE"), [String(told.listen[0]!.port)]);
  });
});
