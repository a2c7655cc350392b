"""Publishes an artifact again, as its next version: with ONNX, or with new measures."""

from importlib import metadata
from pathlib import Path

from service.artifact.contract import MODEL_FILE, PROGRAM_FILES, REFERENCE_FILE, Artifact
from service.artifact.manifest import Description, Measure
from service.artifact.publish import write_artifact
from service.artifact.runtimes.torchscript import load_module
from training.data.loading import prepare
from training.data.source import Source
from training.data.split import section_of, split
from training.errors import DataError
from training.export import CHECKED_IMAGES, check_same
from training.measures import Space, compute_measures
from training.network import PublishedNetwork
from training.onnx_export import export_onnx


def republish_with_onnx(artifact: Artifact, folder: Path, repository: Path) -> Path:
    """Publish the version in `folder` again with ONNX programs beside its `model.pt`.

    Nothing else changes: the model, its training record, measures, reference and figures.
    Raises ExportMismatch and ArtifactError.
    """
    return _publish_again(artifact, folder, repository, artifact.manifest.measures)


def measure_again(artifact: Artifact, folder: Path, source: Source, repository: Path) -> Path:
    """`republish_with_onnx` with the measures computed anew.

    Raises DataError for other data than those of its training, ExportMismatch and ArtifactError.
    """
    manifest, reference = artifact.manifest, artifact.reference
    seed, distance = manifest.training.seed, manifest.support.distance
    section = section_of(manifest.dataset)
    preparation = prepare(source, section, manifest.image)
    expected, found = manifest.dataset.digest, preparation.prepared.digest
    if found != expected:
        raise DataError(
            f"{source.path}: expected the images that {folder} was trained on, digest {expected}, "
            f"found {found}"
        )
    data, held_out = split(preparation, section, seed)
    network = PublishedNetwork(artifact)
    measures = compute_measures(Space(network, data.training, held_out, reference, distance, seed))
    return _publish_again(artifact, folder, repository, measures, "scikit-learn")


def _publish_again(
    artifact: Artifact, folder: Path, repository: Path, measures: list[Measure], *libraries: str
) -> Path:
    """`libraries` made the measures."""
    manifest = artifact.manifest
    used = {name: metadata.version(name) for name in ("onnx", "onnxruntime", *libraries)}
    fields = {name: getattr(manifest, name) for name in Description.model_fields}
    fields |= {"measures": measures, "libraries": manifest.libraries | used}
    programs = _programs(folder, artifact)
    attachments = manifest.files.keys() - {REFERENCE_FILE, *programs}
    network = PublishedNetwork(artifact)
    pictures = artifact.reference.thumbnails[:CHECKED_IMAGES, None]
    return write_artifact(
        repository,
        Description(**fields),
        programs,
        artifact.reference,
        {name: (folder / name).read_bytes() for name in sorted(attachments)},
        examine=lambda written: check_same(written, network, pictures),
    )


def _programs(folder: Path, artifact: Artifact) -> dict[str, bytes]:
    """Copies of the version's programs. Exports ONNX from TorchScript if the version has none."""
    names = [name for files in PROGRAM_FILES.values() for name in files]
    found = {n: (folder / n).read_bytes() for n in names if n in artifact.manifest.files}
    if artifact.manifest.programs.onnx:
        return found
    manifest, model = artifact.manifest, load_module(folder / MODEL_FILE)
    return found | export_onnx(model, manifest.image.shape, manifest.latent_dim)
