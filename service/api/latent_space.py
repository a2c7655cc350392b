"""Pictures to latent coordinates, and latent points to pictures."""

from service.api import examples
from service.api.examples import OVERLOADED, UNKNOWN_MODEL, WRONG_FORM, WRONG_JSON, WRONG_PICTURE
from service.api.requests import (
    AnimateInput,
    DecodeInput,
    DecodePixelsInput,
    EncodeInput,
    EncodePictureQuery,
    EncodePixelsInput,
    GridQuery,
    InterpolateInput,
)
from service.api.responses import DecodePixelsOutput, EncodeOutput, ReconstructOutput
from service.http.bodies import ArrayBody, PictureBody
from service.http.operation import JSON, Answers, Operation, OperationRouter, Wrong
from service.operations.decode import animate as draw_animation
from service.operations.decode import decode_to_mosaic, decode_to_pixels
from service.operations.decode import interpolate as draw_path
from service.operations.encode import encode_files, reconstruct_files
from service.operations.encode import encode_picture as encode_file
from service.operations.encode import encode_pixels as encode_numbers
from service.operations.grids import Ends, draw_grid
from service.serving.atlas import Atlas
from service.serving.work import Work

WRONG_POINT = Wrong(
    detail="expected 2 coordinates",
    pointer="/body/latents/1",
    request={"json": {"latents": [[0.0, 0.0], [1.0, 2.0, 3.0]]}},
)
PNG = Answers("image/png", "An 8-bit grey PNG.")
KEPT_PNG = Answers("image/png", "An 8-bit grey PNG.", is_kept=True)

router = OperationRouter("latent space")


@router.plan(
    Operation(
        "POST",
        "/encode",
        Answers(JSON, "One entry an image, in order.", EncodeOutput, examples.ENCODED),
        "Encode uploaded pictures",
        limits="{max_images} files, {max_picture_pixels} pixels and a side of {max_side} a file, "
        "{max_request_pixels} pixels and {max_body_bytes} bytes in all",
        example=examples.FORM,
        wrong=WRONG_FORM,
    )
)
def encode(atlas: Atlas, form: EncodeInput) -> Work[bytes]:
    """Latent coordinates of 1 to many PNG, JPEG, WebP, GIF or BMP files, one entry a file.

    A picture is turned upright (EXIF), its transparency shown on the model's background, made
    grey (ITU-R BT.601 luma), inverted if it is dark on light (`polarity`), resized with its
    aspect kept and padded. `applied` in the answer lists what was done. A VAE answers with the
    mean, never a sample: the same picture always gives the same latents.
    """
    artifact = atlas.registry.get(form.model)
    return encode_files(artifact, atlas.settings, form.images, form.polarity)


@router.plan(
    Operation(
        "POST",
        "/encode/picture",
        Answers(JSON, "One entry.", EncodeOutput, examples.ENCODED),
        "Encode a picture that is the body itself",
        limits="{max_picture_pixels} pixels, a side of {max_side}, {max_body_bytes} bytes",
        example=examples.FORM,
        wrong=WRONG_PICTURE,
        body_reader=PictureBody(examples.EXPECTED_PICTURE),
    )
)
def encode_picture(atlas: Atlas, query: EncodePictureQuery, body: bytes) -> Work[bytes]:
    """Latent coordinates of one PNG, JPEG, WebP, GIF or BMP file, sent without a form around it.

    This is what `curl --data-binary @picture.png` and upload hooks send. The file's content tells
    its format, so any image type, application/octet-stream and no type at all are taken. The
    answer is that of `/encode` for this file alone.
    """
    artifact = atlas.registry.get(query.model)
    return encode_file(artifact, atlas.settings, body, query.polarity)


@router.plan(
    Operation(
        "POST",
        "/encode/pixels",
        Answers(
            JSON,
            "One entry an image, in order.",
            EncodeOutput,
            examples.ENCODED_PIXELS,
        ),
        "Encode images given as numbers",
        limits="{max_images} images, {max_body_bytes} bytes",
        example=examples.PIXELS,
        wrong={
            **WRONG_JSON,
            422: Wrong(
                detail="expected 28 rows of 28 values",
                pointer="/body/images/0",
                request={"json": {"images": [[[0.0]]]}},
            ),
        },
        body_reader=ArrayBody(EncodePixelsInput, "images"),
    )
)
def encode_pixels(atlas: Atlas, body: EncodePixelsInput) -> Work[bytes]:
    """Latent coordinates of images as rows of values from 0 (background) to 1, one entry an image.

    Images have the model's own height and width. The answer equals that of `/encode` for the
    same images as PNG files.
    """
    return encode_numbers(atlas.registry.get(body.model), body.images)


@router.plan(
    Operation(
        "POST",
        "/reconstruct",
        Answers(
            JSON,
            "One entry an image, in order.",
            ReconstructOutput,
            examples.RECONSTRUCTED,
        ),
        "Encode uploaded pictures and decode them again",
        limits="as /encode, and {max_output_numbers} pixel values of the answer",
        example=examples.FORM,
        wrong=WRONG_FORM,
    )
)
def reconstruct(atlas: Atlas, form: EncodeInput) -> Work[bytes]:
    """What the model makes of 1 to many PNG, JPEG, WebP, GIF or BMP files, one entry a file.

    Pictures are prepared, and latents told, as by `/encode`. Beside them stand the prepared
    picture, the decoded mean, and how far the one is from the other.
    """
    artifact = atlas.registry.get(form.model)
    return reconstruct_files(artifact, atlas.settings, form.images, form.polarity)


@router.plan(
    Operation(
        "POST",
        "/decode",
        PNG,
        "Decode latent points to a mosaic",
        limits="{max_latents} points, {max_tiles} tiles, {max_output_pixels} pixels of the mosaic, "
        "{max_body_bytes} bytes",
        example=examples.LATENTS,
        wrong={**WRONG_JSON, 422: WRONG_POINT},
    )
)
def decode(atlas: Atlas, body: DecodeInput) -> Work[bytes]:
    """One 8-bit grey PNG with the picture of each latent point, row by row.

    Without `columns` the mosaic is as square as possible; places after the last are black.
    """
    artifact = atlas.registry.get(body.model)
    return decode_to_mosaic(artifact, atlas.settings, body.latents, body.columns, body.scale)


@router.plan(
    Operation(
        "POST",
        "/decode/pixels",
        Answers(
            JSON,
            "One image a latent point, in order.",
            DecodePixelsOutput,
            examples.DECODED,
        ),
        "Decode latent points to numbers",
        limits="{max_images} points, {max_output_numbers} pixel values of the answer, "
        "{max_body_bytes} bytes",
        example=examples.LATENTS,
        wrong={**WRONG_JSON, 422: WRONG_POINT},
    )
)
def decode_pixels(atlas: Atlas, body: DecodePixelsInput) -> Work[bytes]:
    """The picture of each latent point as rows of values from 0 (background) to 1."""
    return decode_to_pixels(atlas.registry.get(body.model), atlas.settings, body.latents)


@router.plan(
    Operation(
        "GET",
        "/grid",
        KEPT_PNG,
        "Draw a grid of the latent plane",
        limits="{max_tiles} tiles, {max_output_pixels} pixels",
        example=examples.GRID,
        wrong={
            404: Wrong(detail=UNKNOWN_MODEL, request={"params": {"model": "nope"}}),
            503: OVERLOADED,
            422: Wrong(
                detail="x_min must be less than x_max",
                pointer="/query/x_min",
                request={"params": {"x_min": 3, "x_max": -3}},
            ),
        },
    )
)
def grid(atlas: Atlas, query: GridQuery) -> Work[bytes]:
    """One 8-bit grey PNG that samples the latent plane systematically.

    Row 0 lies at `y_max`, column 0 at `x_min`, and both ends are included: the defaults give 21 x
    21 points from -4 to 4, 588 x 588 pixels, with z = (-4, 4) top left and z = (4, -4) bottom
    right. A single row or column lies in the middle of its bounds. `x_min` is less than `x_max`,
    `y_min` than `y_max`, and the model has two latent dimensions; otherwise the answer is 422.
    The picture depends on the model and the query alone, so it carries a strong ETag.
    """
    ends = Ends(query.x_min, query.x_max, query.y_min, query.y_max, query.bounds)
    return draw_grid(
        atlas.registry.get(query.model),
        atlas.settings,
        query.rows,
        query.columns,
        ends,
        query.spacing,
        query.scale,
    )


@router.plan(
    Operation(
        "POST",
        "/interpolate",
        PNG,
        "Draw the pictures between latent points",
        limits="{max_latents} pictures, {max_output_pixels} pixels of them all, "
        "{max_body_bytes} bytes",
        example=examples.PATH,
        wrong={**WRONG_JSON, 422: WRONG_POINT},
    )
)
def interpolate(atlas: Atlas, body: InterpolateInput) -> Work[bytes]:
    """One 8-bit grey PNG with the pictures along a path through all points, in one row.

    There are `steps` from each point to the next, so steps * (points - 1) + 1 pictures, the points'
    own among them. `spherical` turns the direction from the origin at a constant rate
    while the length changes in equal steps: between points of one length it is the arc
    (Shoemake's slerp), on which what a VAE's prior makes likely stays likely. Where no arc is
    defined, from or to the origin and between points on opposite sides of it, it goes straight.
    """
    artifact = atlas.registry.get(body.model)
    return draw_path(artifact, atlas.settings, body.latents, body.method, body.steps, body.scale)


@router.plan(
    Operation(
        "POST",
        "/interpolate/animation",
        # An APNG is a PNG. Generators of clients do not know image/apng.
        Answers("image/png", "An 8-bit grey APNG that plays endlessly."),
        "Animate the pictures between latent points",
        limits="{max_latents} pictures, {max_output_pixels} pixels of all frames, with `bounce` "
        "there and back, {max_body_bytes} bytes",
        example={**examples.PATH, "bounce": True},
        wrong={**WRONG_JSON, 422: WRONG_POINT},
    )
)
def animate(atlas: Atlas, body: AnimateInput) -> Work[bytes]:
    """The pictures of `/interpolate` one after the other, as an APNG that plays endlessly.

    Each is shown for `frame_milliseconds`; with `bounce` they are shown forwards and then
    backwards, the two ends once a round. Programs that know no APNG show the first.
    """
    return draw_animation(
        atlas.registry.get(body.model),
        atlas.settings,
        body.latents,
        body.method,
        body.steps,
        body.scale,
        body.frame_milliseconds,
        body.bounce,
    )
