// node fetch.mjs PICTURE: the calls of quickstart.py with fetch, which browsers have too.
// ATLAS_URL says where the service is. For a page of another origin, set ATLAS_CORS_ORIGINS.
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";

const address = process.env.ATLAS_URL ?? "http://localhost:8000";

async function call(path, options) {
  const answer = await fetch(`${address}${path}`, options);
  if (answer.ok) return answer;
  const problem = await answer.json();
  throw new Error(`${problem.status} ${problem.detail} ${JSON.stringify(problem.errors)}`);
}

function json(body) {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
}

const form = new FormData();
form.append("images", await openAsBlob(process.argv[2]), "picture");
form.append("model", "vae");
const encoded = await (await call("/encode", { method: "POST", body: form })).json();
console.log(JSON.stringify(encoded.latents[0].mean));

const latents = [encoded.latents[0].mean];
const picture = await call("/decode", json({ model: "vae", latents, scale: 8 }));
await writeFile("redrawn.png", new Uint8Array(await picture.arrayBuffer()));

const { images } = await (await call("/decode/pixels", json({ model: "vae", latents }))).json();
console.log(`${images[0].length} rows of ${images[0][0].length} values`);
