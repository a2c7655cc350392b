"""From a published artifact to its next version, with measures computed anew. It draws nothing."""

import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from service.artifact.contract import MODEL_FILE, REFERENCE_FILE
from service.artifact.load import load_artifact
from service.artifact.manifest import Description
from service.artifact.publish import write_artifact
from training.datasets import images_digest, load_held_out, load_training_data
from training.errors import DataError
from training.export import EXAMINED_IMAGES, check_same
from training.measures import Space, compute_measures
from training.network import PublishedNetwork


@dataclass(frozen=True)
class PublishedModel:
    """A `model.pt` that is kept byte for byte."""

    path: Path

    def save(self, f: str) -> None:
        """Copy the file."""
        shutil.copyfile(self.path, f)


def republish(folder: Path, data_folder: Path, repository: Path) -> Path:
    """Measure an artifact and publish it with its measures as the next version of its model.

    All else stays as it is: the model, when and how it was made, its reference and figures.
    Raises DataError if the data are not those of its training, ExportMismatch and ArtifactError.
    """
    artifact = load_artifact(folder)
    manifest, reference = artifact.manifest, artifact.reference
    expected, found = manifest.dataset.digest, images_digest(data_folder)
    if found != expected:
        raise DataError(
            f"{data_folder}: expected the images that {folder} was trained on, digest {expected}, "
            f"found {found}"
        )
    seed, distance = manifest.training.seed, manifest.support.distance
    data = load_training_data(data_folder, manifest.dataset.validation_images, seed)
    held_out = load_held_out(data_folder)
    measures = compute_measures(
        Space(PublishedNetwork(artifact), data.training, held_out, reference, distance, seed)
    )
    fields = {name: getattr(manifest, name) for name in Description.model_fields}
    fields["measures"] = measures
    fields["libraries"] = manifest.libraries | {"scikit-learn": metadata.version("scikit-learn")}
    attachments = manifest.files.keys() - {MODEL_FILE, REFERENCE_FILE}
    examined = held_out.pixels[:EXAMINED_IMAGES]
    return write_artifact(
        repository,
        Description(**fields),
        PublishedModel(folder / MODEL_FILE),
        reference,
        {name: (folder / name).read_bytes() for name in sorted(attachments)},
        examine=lambda written: check_same(written, PublishedNetwork(artifact), examined),
    )
