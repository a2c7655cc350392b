"""Examples of the OpenAPI document: requests that work when sent as they are, and their answers.

The numbers are the embedded models' of one day; a test holds their shape. Wrong requests that many
operations share are here too: a test sends each and compares the answer.
"""

from typing import Any

from service.http.operation import Wrong

# A light rectangle on black.
PICTURE = [
    [0.8 if 5 <= row < 23 and 9 <= column < 19 else 0.0 for column in range(28)]
    for row in range(28)
]
PIXELS: dict[str, Any] = {"model": "vae", "images": [PICTURE]}
LATENTS: dict[str, Any] = {"model": "vae", "latents": [[0.0, 0.0], [-1.5, 0.5]]}
PATH: dict[str, Any] = {
    "model": "vae",
    "latents": [[-2.0, 0.0], [0.0, 2.0], [2.0, 0.0]],
    "method": "spherical",
    "steps": 8,
}
FORM: dict[str, Any] = {"model": "vae", "polarity": "keep"}
GRID: dict[str, Any] = {
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
}

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
    "latent_shape": [2],
    "runtime": "onnx",
    "batch_invariant": True,
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
ENCODED_PIXELS = ENCODED | {"latents": [ENCODED["latents"][0] | {"applied": []}]}
RECONSTRUCTED: dict[str, Any] = {
    "model": "vae",
    "version": 1,
    "reconstructions": [
        {
            **ENCODED["latents"][0],
            "image": PICTURE,
            "reconstruction": PICTURE,
            "error": {"mean_squared_error": 0.012, "binary_cross_entropy": 231.4},
        }
    ],
}
DECODED: dict[str, Any] = {"model": "vae", "version": 1, "images": [PICTURE, PICTURE]}
TILES: dict[str, Any] = {
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
}
REFERENCE: dict[str, Any] = {
    "model": "vae",
    "version": 1,
    "class_names": ["T-shirt/top", "Trouser", "Pullover"],
    "coordinates": [[-0.42, 1.05], [1.87, -0.33]],
    "labels": [0, 1],
    "thumbnails": {"columns": 55, "height": 28, "width": 28},
}
MODELS: dict[str, Any] = {"default": "vae", "models": [SUMMARY], "unavailable": []}
STATISTICS: dict[str, Any] = {
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
}
READY: dict[str, Any] = {"status": "ready", "models": {"ae": 1, "vae": 1}, "unavailable": []}
METRICS = (
    "# HELP atlas_inference_waiting Requests that wait for a place.\n"
    "# TYPE atlas_inference_waiting gauge\natlas_inference_waiting 0.0\n"
)

UNKNOWN_MODEL = "no model of that name is served"
EXPECTED_PICTURE = (
    "this operation reads the picture file itself, as image/* or application/octet-stream; "
    "/encode reads forms, /encode/pixels JSON"
)
OVERLOADED = Wrong(detail="all places and the queue are taken")
UNKNOWN_PARAMETER = Wrong(
    detail="this parameter is not known",
    pointer="/query/colour",
    request={"params": {"colour": "red"}},
)
WRONG_JSON = {
    400: Wrong(
        detail="the body is not valid JSON: EOF while parsing an object at line 1 column 1",
        pointer="/body",
        request={"content": "{", "headers": {"content-type": "application/json"}},
    ),
    404: Wrong(detail=UNKNOWN_MODEL, request={"json": {"model": "nope"}}),
    413: Wrong(detail="the body is larger than {max_body_bytes} bytes", request={"size": 2**30}),
    415: Wrong(
        detail="this operation reads application/json",
        request={"content": "{}", "headers": {"content-type": "text/plain"}},
    ),
    503: OVERLOADED,
}
WRONG_FORM = {
    400: Wrong(
        detail="the media type names no boundary",
        request={"content": "", "headers": {"content-type": "multipart/form-data"}},
    ),
    404: Wrong(detail=UNKNOWN_MODEL, request={"files": ["a picture"], "data": {"model": "nope"}}),
    413: Wrong(
        detail="the picture has more than {max_picture_pixels} pixels",
        pointer="/form/images/0",
        request={"files": ["a huge picture"]},
    ),
    415: Wrong(
        detail="not a PNG, JPEG, WebP, GIF or BMP file",
        pointer="/form/images/1",
        request={"files": ["a picture", "a text"]},
    ),
    422: Wrong(
        detail="the PNG file is damaged and cannot be opened",
        pointer="/form/images/0",
        request={"files": ["half a picture"]},
    ),
    503: OVERLOADED,
}
WRONG_PICTURE = {
    404: Wrong(detail=UNKNOWN_MODEL, request={"params": {"model": "nope"}}),
    413: Wrong(
        detail="the picture has more than {max_picture_pixels} pixels",
        pointer="/body",
        request={"files": ["a huge picture"]},
    ),
    415: Wrong(
        detail=EXPECTED_PICTURE,
        request={"content": "", "headers": {"content-type": "multipart/form-data"}},
    ),
    422: Wrong(
        detail="the PNG file is damaged and cannot be opened",
        pointer="/body",
        request={"files": ["half a picture"]},
    ),
    503: OVERLOADED,
}
WRONG_QUERY = {422: UNKNOWN_PARAMETER}
WRONG_PATH = {
    404: Wrong(detail=UNKNOWN_MODEL, request={"path": {"name": "nope", "model": "nope"}}),
    422: UNKNOWN_PARAMETER,
    503: OVERLOADED,
}
WRONG_MODEL = {**WRONG_PATH, 503: Wrong(detail="the model failed to load")}
