"""Examples of the OpenAPI document: requests that work when sent as they are, and their answers.

The numbers are the embedded models' of one day; their shape is what a test holds to.
"""

from typing import Any

from service.api import responses as documents
from service.openapi.error_examples import error_example
from service.settings import Settings

PARAMETERS: dict[str, Any] = {
    "name": "vae",
    "model": "vae",
    "rows": 15,
    "columns": 31,
    "x_min": -3.0,
    "x_max": 3.0,
    "y_min": -1.5,
    "y_max": 1.5,
    "bounds": "data",
    "spacing": "linear",
    "scale": 2,
    "z": 10,
    "x": 511,
    "y": 512,
    "if-none-match": '"3f8a2c1d9b7e4f60a1b2c3d4e5f60718"',
}
FORM: dict[str, Any] = {"model": "vae", "polarity": "keep"}

SUMMARY: dict[str, Any] = {
    "name": "vae",
    "version": 1,
    "kind": "vae",
    "latent_dim": 2,
    "image": {"height": 28, "width": 28, "polarity": "white-on-black"},
    "dataset": "fashion-mnist",
    "digest": "78e6866ccb2249d47b8474c5e993c384793ae29eb2ed4a79e80df971d8718c00",
}
DETAILS: dict[str, Any] = {
    **SUMMARY,
    "created": "2026-11-25T07:01:30.906723+00:00",
    "class_names": ["T-shirt/top", "Trouser", "Pullover"],
    "dataset_digest": "01eaedaa078cad2e64abd402078978d089da4402a0952f2d5808f334f15a76fc",
    "training_images": 55000,
    "latent_statistics": {
        "mean": [0.064, -0.022],
        "standard_deviation": [1.041, 1.049],
        "percentile_1": [-2.742, -2.449],
        "percentile_99": [2.466, 2.301],
    },
    "grid_bounds": {"minimum": [-4.0, -4.0], "maximum": [4.0, 4.0]},
    "support_distance": 0.229,
    "reference_points": 3000,
    "seed": 0,
    "preset": "default",
    "training_config": {"epochs": 300},
    "metrics": {"held_out_loss": 245.827, "held_out_kl": 7.627},
    "libraries": {"torch": "2.13.0+cpu"},
}
ENCODED: dict[str, Any] = {
    "model": "vae",
    "version": 1,
    "latents": [
        {
            "mean": [0.11, -0.52],
            "standard_deviation": [0.03, 0.04],
            "in_support": True,
            "applied": ["resize: 336 x 112 to 28 x 9", "padding: to 28 x 28, centred"],
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "encode": ENCODED,
    "encode_pixels": ENCODED | {"latents": [ENCODED["latents"][0] | {"applied": []}]},
    "reconstruct": {
        "model": "vae",
        "version": 1,
        "reconstructions": [
            {
                **ENCODED["latents"][0],
                "image": documents.PICTURE_EXAMPLE,
                "reconstruction": documents.PICTURE_EXAMPLE,
                "error": {"mean_squared_error": 0.012, "binary_cross_entropy": 231.4},
            }
        ],
    },
    "decode_pixels": {
        "model": "vae",
        "version": 1,
        "images": [documents.PIXELS_EXAMPLE["images"][0]] * 2,
    },
    "tiles": {
        "tilejson": "3.0.0",
        "name": "vae",
        "description": "Latent plane of the model vae 1: every cell is its decoded centre.",
        "version": "1.0.0",
        "attribution": "Model vae 1, trained on fashion-mnist",
        "scheme": "xyz",
        "tiles": ["http://localhost:8000/tiles/vae/{z}/{x}/{y}.png"],
        "minzoom": 0,
        "maxzoom": 26,
        "bounds": [-180.0, -85.05112877980659, 180.0, 85.05112877980659],
        "center": [0.0, 0.0, 10],
        "tile_size": 224,
        "latent": {
            "minimum": [-1024.0, -1024.0],
            "maximum": [1024.0, 1024.0],
            "step_at_zoom_0": 256.0,
        },
    },
    "reference": {
        "model": "vae",
        "version": 1,
        "class_names": ["T-shirt/top", "Trouser", "Pullover"],
        "coordinates": [[-0.42, 1.05], [1.87, -0.33]],
        "labels": [0, 1],
        "thumbnails": {"columns": 55, "height": 28, "width": 28},
    },
    "list_models": {"default": "vae", "models": [SUMMARY], "unavailable": []},
    "get_model": DETAILS,
    "get_statistics": {
        "model": "vae",
        "version": 1,
        "measures": [
            {
                "name": "knn_accuracy",
                "value": 78.09,
                "unit": "%",
                "better": "higher",
                "sentence": "Guessed from the 15 training pictures that lie nearest in the plane, "
                "the class of 78 of 100 held-out pictures is right.",
            }
        ],
    },
    "livez": {"status": "alive"},
    "readyz": {"status": "ready", "models": {"ae": 1, "vae": 1}, "unavailable": []},
    "metrics": "# HELP atlas_inference_waiting Requests that wait for a place.\n"
    "# TYPE atlas_inference_waiting gauge\natlas_inference_waiting 0.0\n",
}


def add_examples(operation: dict[str, Any], settings: Settings) -> None:
    """Put examples beside an operation's parameters, answers and errors."""
    name = operation["operationId"]
    for parameter in operation.get("parameters", ()):
        parameter["example"] = PARAMETERS[parameter["name"]]
    for status, answer in operation["responses"].items():
        if content := answer.get("content", {}).get("application/problem+json"):
            shown = {**content, "example": error_example(name, int(status), settings)}
            answer["content"] = {"application/problem+json": shown}
    example = ANSWERS.get(name)
    for media_type, content in operation["responses"]["200"]["content"].items():
        if not media_type.startswith("image/"):  # a picture cannot be shown as text
            content["example"] = example
