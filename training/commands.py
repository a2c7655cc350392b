"""The commands. Results go to standard output, progress to standard error."""

import json
import logging
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from service.artifact.load import load_artifact
from training.checkpoint import Checkpoint, load_checkpoint
from training.comparison import compare_artifacts
from training.config import Config, Kind, Preset, load_config, parse_config, parse_data_section
from training.data.loading import find_source, load_data, prepare
from training.data.overview import overview_of
from training.data.sheet import draw_contact_sheet
from training.device import choose_device
from training.errors import CheckpointError, ConfigError
from training.evaluation import evaluate_artifact
from training.export import publish
from training.files import check_room, write_whole
from training.guidance import EMBEDDED_REPOSITORY, announce, finish, resumable, resume_command
from training.models import build_model
from training.options import (
    ArtifactFolder,
    AsJson,
    Channels,
    Data,
    DataOrFashionMnist,
    Name,
    Repository,
    Size,
    Strict,
)
from training.report import render_report
from training.republish import measure_again, republish_with_onnx
from training.trainer import Trainer

logger = logging.getLogger(__name__)


def fit(
    kind: Annotated[Kind, typer.Argument(help="What to fit.", show_default=False)],
    preset: Annotated[
        Preset,
        typer.Option(help="lab: exactly the course's model. default: our best pictures."),
    ] = "default",
    name: Name = None,
    epochs: Annotated[int | None, typer.Option(help="training.epochs")] = None,
    batch_size: Annotated[int | None, typer.Option(help="training.batch_size")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="training.learning_rate")] = None,
    seed: Annotated[int | None, typer.Option(help="For weights, split, order and noise.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.KEY=VALUE",
            help="Any value of training/configs/*.toml, in TOML syntax. Repeatable.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    data: DataOrFashionMnist = None,
    size: Size = None,
    channels: Channels = None,
    strict: Strict = False,
    repository: Repository = None,
    runs_dir: Annotated[Path, typer.Option(help="Where runs keep their checkpoints.")] = Path(
        "runs"
    ),
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or checkpoint to continue, with the run's own configuration. The "
            "weights are those of an uninterrupted run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fit a model and publish it as the next version in the model repository.

    \b
      python -m training fit vae
      python -m training fit vae --data photos/ --size 64
      python -m training fit dae --epochs 30 --seed 7 --name noisy
      python -m training fit ae --set model.latent_dim=3 --set 'training.schedule="constant"'
      python -m training fit vae --resume runs/vae-20260131-120000-000000

    Writes a run folder with config.json, checkpoint.pt (after every epoch) and history.json, then
    an artifact with model.pt, manifest.json, reference.npz and figures/, and prints the artifact's
    folder. Ctrl-C, SIGTERM (docker stop) and a full disk keep the last complete epoch and
    print how to continue.
    """
    options = {
        "name": name,
        "seed": seed,
        "training.epochs": epochs,
        "training.batch_size": batch_size,
        "training.learning_rate": learning_rate,
        "data.size": size,
        "data.channels": channels,
    }
    # JSON's strings and numbers are TOML's too.
    given = [f"{key}={json.dumps(value)}" for key, value in options.items() if value is not None]
    overrides = [*(settings or []), *given]
    checkpoint = None if resume is None else _load_resumable(resume, kind, overrides)
    config = load_config(kind, preset, overrides) if checkpoint is None else checkpoint.config
    target = _writable_repository(repository)
    chosen_device = choose_device(device)
    seen, held_out = load_data(find_source(data), config.data, config.seed, strict)
    run_folder = _new_run_folder(runs_dir, config) if resume is None else _folder_of(resume)
    model = build_model(config, seen.image_shape)
    trainer = Trainer(model, config, seen, chosen_device, run_folder)
    check_room(run_folder if resume else runs_dir, 2 * trainer.checkpoint_bytes)  # old and new
    check_room(target, trainer.checkpoint_bytes)  # an artifact is smaller
    if checkpoint is None:
        _begin_run(run_folder, config)
    else:
        trainer.restore(checkpoint)
    announce(trainer)
    with resumable(trainer, resume_command(kind, run_folder, data, repository)):
        trainer.fit()
        published = publish(load_checkpoint(run_folder), seen, held_out, target)
    finish(published)


def describe(
    data: Data,
    size: Size = None,
    channels: Channels = None,
    strict: Strict = False,
    output: Annotated[Path, typer.Option(help="Where to write the contact sheet.")] = Path(
        "contact_sheet.png"
    ),
    as_json: AsJson = False,
) -> None:
    """Tell what data hold, and draw a contact sheet of them as a model is to see them.

    \b
      python -m training describe --data photos/
      python -m training describe --data pathmnist.npz --size 28 --output sheet.png

    How many pictures, of which sizes, channels and classes, how they are fitted to a model, and
    what is skipped and why. What it prepares is kept for a run with the same form.
    """
    check_room(output.absolute().parent, needed=0)
    section = parse_data_section({"size": size, "channels": channels})
    preparation = prepare(find_source(data), section, strict=strict)
    overview = overview_of(preparation, section, seed=0)
    typer.echo(overview.as_json() if as_json else overview.as_text())
    write_whole(output, draw_contact_sheet(preparation))
    logger.info("contact sheet: %s", output)


def evaluate(
    artifact: ArtifactFolder, data: DataOrFashionMnist = None, as_json: AsJson = False
) -> None:
    """Evaluate an artifact in nats per image on training, validation and held-out images.

    \b
      python -m training evaluate service/model_repository/vae/1

    loss is the negative ELBO with one sample for a VAE, the reconstruction otherwise.
    reconstruction is the binary cross-entropy, summed over pixels: for a VAE that of the sample,
    for a DAE that of noisy inputs. undisturbed reconstruction has neither sample nor noise. The
    training column is a seeded sample of 10,000; if it is well below the other two, the model
    over-fits.
    """
    loaded = load_artifact(artifact)  # before any data are downloaded
    evaluation = evaluate_artifact(loaded, find_source(data))
    typer.echo(evaluation.as_json() if as_json else evaluation.as_table())


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="Run folder or its checkpoint.pt.", show_default=False)
    ],
    data: DataOrFashionMnist = None,
    repository: Repository = None,
    name: Name = None,
) -> None:
    """Publish a checkpoint, such as that of an interrupted run, as an artifact.

    \b
      python -m training export runs/vae-20260131-120000-000000 --name vae-early

    Prints the artifact's folder.
    """
    loaded = load_checkpoint(checkpoint)
    if name is not None:
        renamed = loaded.config.model_copy(update={"name": name})
        loaded = replace(loaded, config=parse_config(renamed.model_dump_json()))
    target = _writable_repository(repository)
    seen, held_out = load_data(find_source(data), loaded.config.data, loaded.config.seed)
    finish(publish(loaded, seen, held_out, target))


def measure(
    artifact: ArtifactFolder, data: DataOrFashionMnist = None, repository: Repository = None
) -> None:
    """Compute the measures of an artifact and publish it with them, as the next version.

    \b
      python -m training measure service/model_repository/vae/1

    For artifacts without measures, or with older ones; fit and export compute them anyway.
    Nothing else in the artifact changes. Needs the images of its training. Prints the new folder.
    """
    loaded = load_artifact(artifact)  # before any data are downloaded
    target = _writable_repository(repository)
    finish(measure_again(loaded, artifact, find_source(data), target))


def republish(artifact: ArtifactFolder, repository: Repository = None) -> None:
    """Publish an artifact again with ONNX beside its TorchScript, as the next version.

    \b
      python -m training republish my_repository/vae/1 --repository my_repository

    For artifacts from before there was ONNX. Nothing else in the artifact changes. Needs no data.
    Prints the new folder.
    """
    loaded = load_artifact(artifact)
    finish(republish_with_onnx(loaded, artifact, _writable_repository(repository)))


def compare(
    artifacts: Annotated[
        list[Path],
        typer.Argument(
            help="Two or more folders <repository>/<model>/<version>.", show_default=False
        ),
    ],
    output: Annotated[Path, typer.Option(help="Where to write the report.")] = Path(
        "comparison.html"
    ),
    as_json: AsJson = False,
) -> None:
    """Compare artifacts by their measures and write a report that shows their latent spaces.

    \b
      python -m training compare service/model_repository/ae/1 service/model_repository/vae/1

    The report is one self-contained HTML file: grids, planes, paths from one picture to another,
    reconstructions, and the measures in plain words. It needs no data. The command measure adds
    measures to artifacts without them.
    """
    check_room(output.absolute().parent, needed=0)
    comparison = compare_artifacts(artifacts)
    typer.echo(comparison.as_json() if as_json else comparison.as_table())
    write_whole(output, render_report(comparison).encode())
    logger.info("report: %s", output)


def _load_resumable(path: Path, kind: str, overrides: list[str]) -> Checkpoint:
    if overrides:
        raise ConfigError(f"--resume keeps the run's own configuration; leave out {overrides}")
    checkpoint = load_checkpoint(path)
    if checkpoint.config.kind != kind:
        raise CheckpointError(f"{path}: expected kind {kind}, found {checkpoint.config.kind}")
    return checkpoint


def _new_run_folder(runs_dir: Path, config: Config) -> Path:
    """A path in `runs_dir`, which is made."""
    runs_dir.mkdir(parents=True, exist_ok=True)
    return runs_dir / f"{config.name}-{datetime.now():%Y%m%d-%H%M%S-%f}"


def _begin_run(run_folder: Path, config: Config) -> None:
    run_folder.mkdir()
    write_whole(run_folder / "config.json", f"{config.model_dump_json(indent=2)}\n".encode())


def _folder_of(resume: Path) -> Path:
    return resume if resume.is_dir() else resume.parent


def _writable_repository(repository: Path | None) -> Path:
    """Checked before hours of training. Raises OSError."""
    if repository is None:
        is_writable = os.access(EMBEDDED_REPOSITORY.parent, os.W_OK)
        repository = EMBEDDED_REPOSITORY if is_writable else Path("model_repository")
    repository.mkdir(parents=True, exist_ok=True)
    if not os.access(repository, os.W_OK):
        raise PermissionError(f"{repository}: expected a writable folder to publish into")
    return repository
