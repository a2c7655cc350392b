import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { curlCommand } from "../../../service/explorer/curl.js";

/** The arguments that a shell gives to curl. @param {string} command */
function argumentsOf(command) {
  const script = `curl() { printf '%s\\0' "$@"; }; ${command}`;
  const { stdout } = spawnSync("sh", ["-c", script], {
    encoding: "utf8",
    env: { ATLAS_API_KEY: "the key" },
  });
  return stdout.split("\0").slice(0, -1);
}

test("a plain address needs no quotes", () => {
  assert.equal(curlCommand("http://localhost:8000/models"), "curl http://localhost:8000/models");
});

test("a shell passes on what a name or a form contains, whatever it is", () => {
  const name = `a "shoe"; $(exit) 'left' & \\ .png`;

  const command = curlCommand("http://a.example/grid?x=1&y=2", {
    output: name,
    form: [["images", `@${name}`]],
  });

  assert.deepEqual(argumentsOf(command), [
    "-o",
    name,
    "-F",
    `images=@${name}`,
    "http://a.example/grid?x=1&y=2",
  ]);
});

test("JSON arrives as it was", () => {
  const json = { model: "it's", latents: [[0, -1.5]] };

  const [, body] = argumentsOf(curlCommand("http://a.example/decode", { json }));

  assert.deepEqual(JSON.parse(body), json);
});

test("a command names the key and does not contain it", () => {
  const command = curlCommand("http://a.example/grid", { needsKey: true });

  assert.ok(!command.includes("the key"));
  assert.deepEqual(argumentsOf(command), ["-H", "X-API-Key: the key", "http://a.example/grid"]);
});
