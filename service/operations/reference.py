"""A model's reference set: where held-out images lie, and what they look like."""

from functools import partial

from pydantic_core import to_json

from service.artifact.contract import Artifact
from service.operations.etags import entity_tag
from service.pictures.mosaic import lay_out, square_columns
from service.pictures.png import encode_png
from service.serving.work import TEXT_POINTS, Work, size_of_drawing


def list_reference(artifact: Artifact) -> Work[bytes]:
    """ReferenceSet as JSON."""
    count, tag = len(artifact.reference.labels), entity_tag(artifact, "reference")
    write = partial(_write_points, artifact)
    return Work(artifact, write, count / TEXT_POINTS, "latents", count, tag)


def draw_reference(artifact: Artifact) -> Work[bytes]:
    """A PNG mosaic of the reference images, as square as possible, in the order of their points."""
    count, tag = len(artifact.reference.labels), entity_tag(artifact, "reference.png")
    draw = partial(_draw_thumbnails, artifact)
    return Work(artifact, draw, size_of_drawing(artifact, count), "images", count, tag)


def _write_points(artifact: Artifact) -> bytes:
    manifest, reference = artifact.manifest, artifact.reference
    return to_json(  # of ReferenceSet's shape, whose thousands of points need no second check
        {
            "model": manifest.name,
            "version": manifest.version,
            "class_names": manifest.dataset.class_names,
            "coordinates": reference.coordinates.tolist(),
            "labels": reference.labels.tolist(),
            "thumbnails": {
                "columns": square_columns(len(reference.labels)),
                "height": manifest.image.height,
                "width": manifest.image.width,
            },
        }
    )


def _draw_thumbnails(artifact: Artifact) -> bytes:
    thumbnails = artifact.reference.thumbnails
    return encode_png(lay_out(thumbnails, square_columns(len(thumbnails)), scale=1))
