"""python drive.py ADDRESS FOLDER: calls through the client that openapi-python-client generated."""

import json
import sys
from pathlib import Path

from latent_atlas_client import Client
from latent_atlas_client.api.health import livez, metrics, readyz
from latent_atlas_client.api.latent_map import reference, reference_picture, tile, tiles
from latent_atlas_client.api.latent_space import (
    animate,
    decode,
    decode_pixels,
    encode,
    encode_picture,
    encode_pixels,
    grid,
    interpolate,
    reconstruct,
)
from latent_atlas_client.api.models import get_model, get_statistics, list_models
from latent_atlas_client.models import (
    AnimateInput,
    AnimateInputMethod,
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePixelsInput,
    InterpolateInput,
    Problem,
)
from latent_atlas_client.types import File

client = Client(base_url=sys.argv[1])
folder = Path(sys.argv[2])


def upload(*names: str) -> EncodeInput:
    """A form with these files."""
    files = [File(payload=(folder / name).open("rb"), file_name=name) for name in names]
    return EncodeInput(images=files, model="vae")


models = list_models.sync(client=client)
print("list_models", [model.name for model in models.models])
encoded = encode.sync(client=client, body=upload("0.png", "1.png"))
print("encode", [image.mean for image in encoded.latents])
file = File(payload=(folder / "0.png").open("rb"))
from_picture = encode_picture.sync(client=client, body=file, model="ae")
print("encode_picture", [image.mean for image in from_picture.latents])
pixels = json.loads((folder / "pixels.json").read_text())
from_pixels = encode_pixels.sync(client=client, body=EncodePixelsInput(images=pixels, model="vae"))
print("encode_pixels", [image.mean for image in from_pixels.latents])
points = [[0.0, 0.0], [-1.5, 0.5]]
mosaic = decode.sync(client=client, body=DecodeInput(latents=points, model="vae", columns=2))
(folder / "decode.png").write_bytes(mosaic.payload.read())
print("decode", (folder / "decode.png").stat().st_size, "bytes")
decoded = decode_pixels.sync(client=client, body=DecodePixelsInput(latents=points, model="vae"))
print("decode_pixels", len(decoded.images), "images")
again = reconstruct.sync(client=client, body=upload("0.png", "1.png"))
print("reconstruct", [image.error for image in again.reconstructions])
path = AnimateInput(latents=points, model="vae", method=AnimateInputMethod.SPHERICAL, bounce=True)
(folder / "path.png").write_bytes(animate.sync(client=client, body=path).payload.read())
print("path", (folder / "path.png").stat().st_size, "bytes")
(folder / "tile.png").write_bytes(tile.sync("ae", 10, 511, 512, client=client).payload.read())
print("tile", (folder / "tile.png").stat().st_size, "bytes")
picture = grid.sync(client=client, model="ae", rows=3, columns=5)
(folder / "grid.png").write_bytes(picture.payload.read())
print("grid", (folder / "grid.png").stat().st_size, "bytes")
strip = InterpolateInput(latents=points, model="vae", steps=3)
(folder / "strip.png").write_bytes(interpolate.sync(client=client, body=strip).payload.read())
print("strip", (folder / "strip.png").stat().st_size, "bytes")
thumbnails = reference_picture.sync("vae", client=client).payload.read()
(folder / "reference.png").write_bytes(thumbnails)
print("reference_picture", len(thumbnails), "bytes")
points_of_images = reference.sync("vae", client=client)
print("reference", len(points_of_images.coordinates), "points")
plane = tiles.sync("vae", client=client)
print("tiles", plane.tiles)
model = get_model.sync("vae", client=client)
print("get_model", model.training_config)
measures = get_statistics.sync("vae", client=client).measures
print("get_statistics", [measure.sentence for measure in measures])
alive, ready = livez.sync(client=client), readyz.sync(client=client)
print("health", alive.status, ready.status)
figures = metrics.sync(client=client)
print("metrics", len(figures), "characters")

errors = {}
for answer in (
    get_model.sync("nope", client=client),
    get_model.sync("broken", client=client),
    encode.sync(client=client, body=upload("huge.png")),
    encode.sync(client=client, body=upload("text.png")),
    grid.sync(client=client, rows=200, columns=200),
):
    assert isinstance(answer, Problem), answer
    print("error", answer.status, answer.detail)
    errors[answer.status] = answer.detail

answers = {
    "models": [model.name for model in models.models],
    "encode": [image.mean for image in encoded.latents],
    "encode_picture": [image.mean for image in from_picture.latents],
    "encode_pixels": [image.mean for image in from_pixels.latents],
    "decode_pixels": decoded.images,
    "reconstruct": [image.reconstruction for image in again.reconstructions],
    "reference": points_of_images.coordinates,
    "plane": plane.latent.maximum,
    "training": model.training_config.additional_properties,
    "measures": {measure.name: measure.value for measure in measures},
    "alive": alive.status,
    "ready": ready.models.additional_properties,
    "metrics": figures.splitlines()[0],
    "errors": errors,
}
(folder / "answers.json").write_text(json.dumps(answers))
