// node drive.js ADDRESS FOLDER: calls through openapi-fetch with openapi-typescript's types.
import { openAsBlob } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [address, folder] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl: address });

const models = good(await client.GET("/models"));
console.log("list_models", models.models.map((model) => model.name));
const encoded = good(await client.POST("/encode", await upload("0.png", "1.png")));
console.log("encode", encoded.latents.map((image) => image.mean));
const file = await openAsBlob(`${folder}/0.png`);
const asItIs = {
  params: { query: { model: "ae" } },
  headers: { "Content-Type": "application/octet-stream" }, // otherwise it would say JSON
  body: "", // The types require a text; the serializer sends the file instead.
  bodySerializer: () => file,
};
const fromPicture = good(await client.POST("/encode/picture", asItIs));
console.log("encode_picture", fromPicture.latents.map((image) => image.mean));
const pixels: number[][][] = JSON.parse(await readFile(`${folder}/pixels.json`, "utf8"));
const fromPixels = good(
  await client.POST("/encode/pixels", { body: { images: pixels, model: "vae" } }),
);
console.log("encode_pixels", fromPixels.latents.map((image) => image.mean));
const latents = [[0, 0], [-1.5, 0.5]];
const mosaic = await client.POST("/decode", {
  body: { latents, model: "vae", columns: 2, scale: 1 },
  parseAs: "blob",
});
await keep("decode", good(mosaic));
const decoded = good(await client.POST("/decode/pixels", { body: { latents, model: "vae" } }));
console.log("decode_pixels", decoded.images.length, "images");
const again = good(await client.POST("/reconstruct", await upload("0.png", "1.png")));
console.log("reconstruct", again.reconstructions.map((image) => image.error));
const body = {
  ...{ latents, model: "vae", method: "spherical" as const, bounce: true },
  ...{ steps: 8, scale: 1, frame_milliseconds: 80 },
};
await keep("path", good(await client.POST("/interpolate/animation", { body, parseAs: "blob" })));
const path = { model: "ae", z: 10, x: 511, y: 512 };
const place = { params: { path }, parseAs: "blob" as const };
await keep("tile", good(await client.GET("/tiles/{model}/{z}/{x}/{y}.png", place)));
const query = { model: "ae", rows: 3, columns: 5 };
await keep("grid", good(await client.GET("/grid", { params: { query }, parseAs: "blob" })));
const line = { latents, model: "vae", method: "linear" as const, steps: 3, scale: 1 };
await keep("strip", good(await client.POST("/interpolate", { body: line, parseAs: "blob" })));
const vae = { params: { path: { name: "vae" } } };
const thumbnails = { ...vae, parseAs: "blob" as const };
await keep("reference", good(await client.GET("/models/{name}/reference.png", thumbnails)));
const reference = good(await client.GET("/models/{name}/reference", vae));
console.log("reference", reference.coordinates.length, "points");
const map = { params: { path: { model: "vae" } } };
const plane = good(await client.GET("/tiles/{model}.json", map));
console.log("tiles", plane.tiles);
const model = good(await client.GET("/models/{name}", vae));
console.log("get_model", model.training_config);
const measures = good(await client.GET("/models/{name}/statistics", vae)).measures;
console.log("get_statistics", measures.map((measure) => measure.sentence));
const alive = good(await client.GET("/livez"));
const ready = good(await client.GET("/readyz"));
console.log("health", alive.status, ready.status);
const figures = good(await client.GET("/metrics", { parseAs: "text" }));
console.log("metrics", figures.length, "characters");

const errors: Record<number, string> = {};
for (const answer of [
  await client.GET("/models/{name}", { params: { path: { name: "nope" } } }),
  await client.GET("/models/{name}", { params: { path: { name: "broken" } } }),
  await client.POST("/encode", await upload("huge.png")),
  await client.POST("/encode", await upload("text.png")),
  await client.GET("/grid", { params: { query: { rows: 200, columns: 200 } } }),
]) {
  const problem: components["schemas"]["Problem"] | undefined = answer.error;
  if (!problem) throw new Error("an error was expected");
  console.log("error", problem.status, problem.detail);
  errors[problem.status] = problem.detail;
}

const answers = {
  models: models.models.map((model) => model.name),
  encode: encoded.latents.map((image) => image.mean),
  encode_picture: fromPicture.latents.map((image) => image.mean),
  encode_pixels: fromPixels.latents.map((image) => image.mean),
  decode_pixels: decoded.images,
  reconstruct: again.reconstructions.map((image) => image.reconstruction),
  reference: reference.coordinates,
  plane: plane.latent.maximum,
  training: model.training_config,
  measures: Object.fromEntries(measures.map((measure) => [measure.name, measure.value])),
  alive: alive.status,
  ready: ready.models,
  metrics: figures.split("\n")[0],
  errors,
};
await writeFile(`${folder}/answers.json`, JSON.stringify(answers));

async function upload(...names: string[]) {
  const form = new FormData();
  for (const name of names) form.append("images", await openAsBlob(`${folder}/${name}`), name);
  form.append("model", "vae");
  // The types require a body; the serializer sends the form instead.
  return { body: { images: [], polarity: "auto" as const }, bodySerializer: () => form };
}

function good<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function keep(name: string, picture: Blob): Promise<void> {
  await writeFile(`${folder}/${name}.png`, new Uint8Array(await picture.arrayBuffer()));
  console.log(name, picture.size, "bytes");
}
