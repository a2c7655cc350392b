"""Examples of the OpenAPI document: requests that work when sent as they are, and their answers.

The numbers are the embedded models' of one day; their shape is what a test holds to.
"""

from typing import Any

from service import documents

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
# Title, detail and the place, where there is one.
PROBLEMS: dict[str, tuple[str, str, str | None]] = {
    "400": ("Bad Request", "the body is not valid JSON", "/body"),
    "401": ("Unauthorized", "this operation needs the right key in the header X-API-Key", None),
    "404": ("Not Found", "no model of that name is served", None),
    "413": ("Request Entity Too Large", "the body is larger than 8388608 bytes", None),
    "415": ("Unsupported Media Type", "this operation reads application/json", None),
    "422": ("Unprocessable Entity", "this parameter is not known", "/query/colour"),
    "500": ("Internal Server Error", "the service failed; the log says why", None),
    "503": ("Service Unavailable", "all places and the queue are taken", None),
}


def add_examples(operation: dict[str, Any]) -> None:
    """Put examples beside an operation's parameters, answers and errors."""
    for parameter in operation.get("parameters", ()):
        parameter["example"] = PARAMETERS[parameter["name"]]
    for status, answer in operation["responses"].items():
        if content := answer.get("content", {}).get("application/problem+json"):
            answer["content"] = {
                "application/problem+json": {**content, "example": _problem(status)}
            }
    example = ANSWERS.get(operation["operationId"])
    for media_type, content in operation["responses"]["200"]["content"].items():
        if not media_type.startswith("image/"):  # a picture cannot be shown as text
            content["example"] = example


def _problem(status: str) -> dict[str, Any]:
    title, detail, place = PROBLEMS[status]
    faults = [{"pointer": place, "detail": detail}] if place else []
    return {
        "type": "about:blank",
        "title": title,
        "status": int(status),
        "detail": detail,
        "errors": faults,
    }
