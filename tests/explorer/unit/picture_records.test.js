import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlaced, placementOf, refusalOf } from "../../../service/explorer/picture_entry.js";
import { csvOf, jsonOf, recordsOf } from "../../../service/explorer/picture_records.js";

/** @import { Entry, Placement } from "../../../service/explorer/picture_entry.js" */

/** @type {Placement} */
const PLACEMENT = {
  version: 1,
  mean: [0.5, -1],
  standard_deviation: [0.1, 0.2],
  in_support: true,
  applied: ["resize: 40 x 60 to 19 x 28", "padding"],
  image: [[0]],
  reconstruction: [[0]],
  error: { mean_squared_error: 0.01, binary_cross_entropy: 240 },
};

/** @returns {Entry} */
function entry(name = "shoe.png", label = "") {
  return {
    file: new File([], name),
    polarity: "auto",
    label,
    results: new Map([
      ["vae", { placement: PLACEMENT }],
      ["ae", { refusal: "not a picture" }],
    ]),
  };
}

test("a picture is placed, refused or waiting, model by model", () => {
  assert.deepEqual(
    ["vae", "ae", "dae"].map((model) => placementOf(entry(), model)),
    [PLACEMENT, null, null],
  );
  assert.deepEqual(
    ["vae", "ae", "dae"].map((model) => refusalOf(entry(), model)),
    [null, "not a picture", null],
  );
  assert.equal(isPlaced(entry()), true);
  assert.equal(isPlaced({ ...entry(), results: new Map() }), false);
});

test("there is a record for each model that placed a picture", () => {
  const records = recordsOf([entry("one.png"), entry("two.png")], ["vae", "ae"]);

  assert.deepEqual(
    records.map(({ name, model, x, y }) => [name, model, x, y]),
    [
      ["one.png", "vae", 0.5, -1],
      ["two.png", "vae", 0.5, -1],
    ],
  );
  assert.deepEqual(JSON.parse(jsonOf(records)), records);
});

test("no text of a CSV is a formula to a spreadsheet, and numbers stay numbers", () => {
  const names = ["=1+1.png", "+a", "-a", "@a", "\ta", "\ra", '=HYPERLINK("a,b")'];
  const lines = names.map(
    (name) => csvOf(recordsOf([entry(name, name)], ["vae"])).split("\r\n")[1],
  );

  for (const line of lines) assert.match(line, /^"?'[=+\-@\t\r]/);
  assert.ok(lines[0].startsWith("'=1+1.png,'=1+1.png,vae,1,0.5,-1,"));
  assert.ok(lines[6].startsWith(`"'=HYPERLINK(""a,b"")",`));
});

test("CSV has a line of names, and quotes where RFC 4180 asks for them", () => {
  const lines = csvOf(recordsOf([entry("a,b.png", 'a "shoe"')], ["vae"])).split("\r\n");

  assert.equal(lines.length, 3); // the last is empty: each line is ended
  assert.ok(lines[0].startsWith("name,label,model,version,x,y,"));
  assert.ok(lines[1].startsWith('"a,b.png","a ""shoe""",vae,1,0.5,-1,'));
  assert.ok(lines[1].endsWith(",true,0.01,240,resize: 40 x 60 to 19 x 28; padding"));
});
