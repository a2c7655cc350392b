// node drive.js ADDRESS FOLDER: calls through the client that @hey-api/openapi-ts generated.
import { openAsBlob } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { client } from "./client/client.gen.js";
import * as atlas from "./client/index.js";

const [address, folder] = process.argv.slice(2) as [string, string];
client.setConfig({ baseUrl: address });
const file = (name: string): Promise<Blob> => openAsBlob(`${folder}/${name}`);

const models = (await atlas.listModels({ throwOnError: true })).data;
console.log("list_models", models.models.map((model) => model.name));
const images = [await file("0.png"), await file("1.png")];
const encoded = (await atlas.encode({ body: { images, model: "vae" }, throwOnError: true })).data;
console.log("encode", encoded.latents.map((image) => image.mean));
const fromPicture = (
  await atlas.encodePicture({ body: await file("0.png"), query: { model: "ae" }, throwOnError: true })
).data;
console.log("encode_picture", fromPicture.latents.map((image) => image.mean));
const pixels: number[][][] = JSON.parse(await readFile(`${folder}/pixels.json`, "utf8"));
const fromPixels = (
  await atlas.encodePixels({ body: { images: pixels, model: "vae" }, throwOnError: true })
).data;
console.log("encode_pixels", fromPixels.latents.map((image) => image.mean));
const latents = [[0, 0], [-1.5, 0.5]];
const mosaic = await atlas.decode({ body: { latents, model: "vae", columns: 2 }, throwOnError: true });
await keep("decode", mosaic.data);
const decoded = (await atlas.decodePixels({ body: { latents, model: "vae" }, throwOnError: true })).data;
console.log("decode_pixels", decoded.images.length, "images");
const again = (await atlas.reconstruct({ body: { images, model: "vae" }, throwOnError: true })).data;
console.log("reconstruct", again.reconstructions.map((image) => image.error));
const path = { latents, model: "vae", method: "spherical" as const, bounce: true };
await keep("path", (await atlas.animate({ body: path, throwOnError: true })).data);
const place = { model: "ae", z: 10, x: 511, y: 512 };
await keep("tile", (await atlas.tile({ path: place, throwOnError: true })).data);
const picture = await atlas.grid({ query: { model: "ae", rows: 3, columns: 5 }, throwOnError: true });
await keep("grid", picture.data);
const line = { latents, model: "vae", steps: 3 };
await keep("strip", (await atlas.interpolate({ body: line, throwOnError: true })).data);
const vae = { path: { name: "vae" }, throwOnError: true as const };
await keep("reference", (await atlas.referencePicture(vae)).data);
const reference = (await atlas.reference(vae)).data;
console.log("reference", reference.coordinates.length, "points");
const plane = (await atlas.tiles({ path: { model: "vae" }, throwOnError: true })).data;
console.log("tiles", plane.tiles);
const model = (await atlas.getModel(vae)).data;
console.log("get_model", model.training_config);
const measures = (await atlas.getStatistics(vae)).data.measures;
console.log("get_statistics", measures.map((measure) => measure.sentence));
const alive = (await atlas.livez({ throwOnError: true })).data;
const ready = (await atlas.readyz({ throwOnError: true })).data;
console.log("health", alive.status, ready.status);
const figures = (await atlas.metrics({ throwOnError: true })).data;
console.log("metrics", figures.length, "characters");

const errors: Record<number, string> = {};
for (const answer of [
  await atlas.getModel({ path: { name: "nope" } }),
  await atlas.getModel({ path: { name: "broken" } }),
  await atlas.encode({ body: { images: [await file("huge.png")] } }),
  await atlas.encode({ body: { images: [await file("text.png")] } }),
  await atlas.grid({ query: { rows: 200, columns: 200 } }),
]) {
  if (!answer.error) throw new Error("an error was expected");
  const { status, detail } = answer.error;
  console.log("error", status, detail);
  errors[status] = detail;
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

async function keep(name: string, picture: Blob | File): Promise<void> {
  await writeFile(`${folder}/${name}.png`, new Uint8Array(await picture.arrayBuffer()));
  console.log(name, picture.size, "bytes");
}
