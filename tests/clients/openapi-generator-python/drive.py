"""python drive.py ADDRESS FOLDER: calls through openapi-generator's Python client."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from latent_atlas import (
    AnimateInput,
    ApiClient,
    ApiException,
    Configuration,
    DecodeInput,
    DecodePixelsInput,
    EncodePixelsInput,
    HealthApi,
    InterpolateInput,
    LatentMapApi,
    LatentSpaceApi,
    ModelsApi,
)

folder = Path(sys.argv[2])
client = ApiClient(Configuration(host=sys.argv[1]))
latent_space, latent_map = LatentSpaceApi(client), LatentMapApi(client)
catalogue, health = ModelsApi(client), HealthApi(client)

models = catalogue.list_models()
print("list_models", [model.name for model in models.models])
files = [(name, (folder / name).read_bytes()) for name in ("0.png", "1.png")]
encoded = latent_space.encode(images=files, model="vae")
print("encode", [image.mean for image in encoded.latents])
picture = (folder / "0.png").read_bytes()
from_picture = latent_space.encode_picture(picture, model="ae")
print("encode_picture", [image.mean for image in from_picture.latents])
pixels = json.loads((folder / "pixels.json").read_text())
from_pixels = latent_space.encode_pixels(EncodePixelsInput(images=pixels, model="vae"))
print("encode_pixels", [image.mean for image in from_pixels.latents])
points = [[0.0, 0.0], [-1.5, 0.5]]
mosaic = latent_space.decode(DecodeInput(latents=points, model="vae", columns=2))
(folder / "decode.png").write_bytes(mosaic)
print("decode", len(mosaic), "bytes")
decoded = latent_space.decode_pixels(DecodePixelsInput(latents=points, model="vae"))
print("decode_pixels", len(decoded.images), "images")
again = latent_space.reconstruct(images=files, model="vae")
print("reconstruct", [image.error for image in again.reconstructions])
path = AnimateInput(latents=points, model="vae", method="spherical", bounce=True)
(folder / "path.png").write_bytes(latent_space.animate(path))
print("path", (folder / "path.png").stat().st_size, "bytes")
(folder / "tile.png").write_bytes(latent_map.tile("ae", 10, 511, 512))
print("tile", (folder / "tile.png").stat().st_size, "bytes")
grid = latent_space.grid(model="ae", rows=3, columns=5)
(folder / "grid.png").write_bytes(grid)
print("grid", len(grid), "bytes")
strip = InterpolateInput(latents=points, model="vae", steps=3)
(folder / "strip.png").write_bytes(latent_space.interpolate(strip))
print("strip", (folder / "strip.png").stat().st_size, "bytes")
thumbnails = latent_map.reference_picture("vae")
(folder / "reference.png").write_bytes(thumbnails)
print("reference_picture", len(thumbnails), "bytes")
reference = latent_map.reference("vae")
print("reference", len(reference.coordinates), "points")
plane = latent_map.tiles("vae")
print("tiles", plane.tiles)
model = catalogue.get_model("vae")
print("get_model", model.training_config)
measures = catalogue.get_statistics("vae").measures
print("get_statistics", [measure.sentence for measure in measures])
alive, ready = health.livez(), health.readyz()
print("health", alive.status, ready.status)
figures = health.metrics()
print("metrics", len(figures), "characters")

errors = {}


def refuse(call: Callable[[], object]) -> None:
    """Record the problem that the call raises."""
    try:
        call()
    except ApiException as error:
        problem = json.loads(error.body)
        print("error", error.status, problem["detail"])
        errors[error.status] = problem["detail"]
    else:
        raise AssertionError("an error was expected")


def upload(name: str) -> object:
    """Encode one file."""
    return latent_space.encode(images=[(name, (folder / name).read_bytes())], model="vae")


refuse(lambda: catalogue.get_model("nope"))
refuse(lambda: catalogue.get_model("broken"))
refuse(lambda: upload("huge.png"))
refuse(lambda: upload("text.png"))
refuse(lambda: latent_space.grid(rows=200, columns=200))

answers = {
    "models": [model.name for model in models.models],
    "encode": [image.mean for image in encoded.latents],
    "encode_picture": [image.mean for image in from_picture.latents],
    "encode_pixels": [image.mean for image in from_pixels.latents],
    "decode_pixels": decoded.images,
    "reconstruct": [image.reconstruction for image in again.reconstructions],
    "reference": reference.coordinates,
    "plane": plane.latent.maximum,
    "training": model.training_config,
    "measures": {measure.name: measure.value for measure in measures},
    "alive": alive.status,
    "ready": ready.models,
    "metrics": figures.splitlines()[0],
    "errors": errors,
}
(folder / "answers.json").write_text(json.dumps(answers))
