"""A model's reference set as answers: where held-out images lie, and what they look like."""

from pydantic import BaseModel, Field
from pydantic_core import to_json

from service.artifact.contract import Artifact
from service.pictures import mosaic
from service.pictures.png import encode_png


class Thumbnails(BaseModel):
    """How the images lie in reference.png: row by row, in the order of the points."""

    columns: int = Field(description="Images in a row.")
    height: int = Field(description="Of one image, in pixels.")
    width: int = Field(description="Of one image, in pixels.")


class ReferenceSet(BaseModel):
    """Held-out images in latent space: a point and a class an image, in one order."""

    model: str
    version: int
    class_names: list[str]
    coordinates: list[list[float]] = Field(description="Latent mean of each image.")
    labels: list[int] = Field(description="Class of each image, an index into class_names.")
    thumbnails: Thumbnails


def reference_json(artifact: Artifact) -> bytes:
    """ReferenceSet as JSON."""
    manifest, reference = artifact.manifest, artifact.reference
    return to_json(  # of ReferenceSet's shape: a list of thousands would be checked again
        {
            "model": manifest.name,
            "version": manifest.version,
            "class_names": manifest.dataset.class_names,
            "coordinates": reference.coordinates.tolist(),
            "labels": reference.labels.tolist(),
            "thumbnails": {
                "columns": mosaic.square_columns(len(reference.labels)),
                "height": manifest.image.height,
                "width": manifest.image.width,
            },
        }
    )


def reference_png(artifact: Artifact) -> bytes:
    """All thumbnails as one 8-bit grey PNG, as square as possible."""
    thumbnails = artifact.reference.thumbnails
    columns = mosaic.square_columns(len(thumbnails))
    return encode_png(mosaic.lay_out(thumbnails, columns, scale=1))
