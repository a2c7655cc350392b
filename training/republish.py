"""Publishes an artifact again, as its next version, with its measures computed anew."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from service.artifact.contract import MODEL_FILE, REFERENCE_FILE, Artifact
from service.artifact.manifest import Description
from service.artifact.publish import write_artifact
from training.datasets import images_digest, load_held_out, load_training_data
from training.errors import DataError
from training.export import CHECKED_IMAGES, check_same
from training.measures import Space, compute_measures
from training.network import PublishedNetwork


@dataclass(frozen=True)
class PublishedModel:
    """A `model.pt` that is copied byte for byte."""

    path: Path

    def save_to_buffer(self) -> bytes:
        return self.path.read_bytes()


def republish(artifact: Artifact, folder: Path, data_folder: Path, repository: Path) -> Path:
    """Measure an artifact and publish it with its measures as the next version of its model.

    Nothing else changes: the model, its training record, its reference and figures in `folder`.
    Raises DataError for other data than those of its training, ExportMismatch and ArtifactError.
    """
    manifest, reference = artifact.manifest, artifact.reference
    network = PublishedNetwork(artifact)
    expected, found = manifest.dataset.digest, images_digest(data_folder)
    if found != expected:
        raise DataError(
            f"{data_folder}: expected the images that {folder} was trained on, digest {expected}, "
            f"found {found}"
        )
    seed, distance = manifest.training.seed, manifest.support.distance
    data = load_training_data(data_folder, manifest.dataset.validation_images, seed)
    held_out = load_held_out(data_folder)
    fields = {name: getattr(manifest, name) for name in Description.model_fields}
    fields["measures"] = compute_measures(
        Space(network, data.training, held_out, reference, distance, seed)
    )
    fields["libraries"] = manifest.libraries | {"scikit-learn": metadata.version("scikit-learn")}
    attachments = manifest.files.keys() - {MODEL_FILE, REFERENCE_FILE}
    return write_artifact(
        repository,
        Description(**fields),
        PublishedModel(folder / MODEL_FILE),
        reference,
        {name: (folder / name).read_bytes() for name in sorted(attachments)},
        examine=lambda written: check_same(written, network, held_out.pixels[:CHECKED_IMAGES]),
    )
