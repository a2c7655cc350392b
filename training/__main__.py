"""The command line: python -m training fit | evaluate | ... It parses, calls and reports.

Results go to standard output, progress and errors to standard error.
"""

import contextlib
import json
import logging
import os
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from training.checkpoint import Checkpoint, load_checkpoint
from training.comparison import compare_artifacts
from training.config import Config, Kind, Preset, load_config, parse_config
from training.datasets import TrainingData, find_data, load_held_out, load_training_data
from training.device import choose_device
from training.errors import CheckpointError, ConfigError, TrainingError
from training.evaluation import evaluate_artifact
from training.export import ArtifactError, publish
from training.models import build_model
from training.report import render_report
from training.republish import republish
from training.trainer import Trainer

logger = logging.getLogger(__name__)

EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="python -m training",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Fit two-dimensional autoencoders on Fashion-MNIST, or on pictures of your own, and
publish them as artifacts that the service serves.

\b
  python -m training fit vae                       our best VAE
  python -m training fit ae --preset lab           the course's one-layer AE
  python -m training evaluate service/model_repository/vae/1
  python -m training compare service/model_repository/ae/1 service/model_repository/vae/1

Pictures of your own: put four IDX files under Fashion-MNIST's file names into a folder, grey
levels white on black, any height and width, and if you like a classes.txt with a class name a
line; then name the folder with --data-dir.

\b
Exit codes: 0 done; 1 training, data or artifact failed; 2 wrong usage or configuration;
130 interrupted.""",
)

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder with the four IDX .gz files. Without it Fashion-MNIST is downloaded once "
        "and cached.",
        show_default=False,
    ),
]
Repository = Annotated[
    Path | None,
    typer.Option(
        help="Model repository to publish into. Without it the one beside the service, "
        "service/model_repository, or model_repository here if that cannot be written.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Name of the model. Without it the kind, or KIND-lab for that preset."),
]


@app.callback()
def main() -> None:
    """Set up what all commands share; the help text is the app's."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")


@app.command()
def fit(
    kind: Annotated[Kind, typer.Argument(help="What to fit.", show_default=False)],
    preset: Annotated[
        Preset,
        typer.Option(help="lab: the course's models exactly. default: the best picture we know."),
    ] = "default",
    name: Name = None,
    epochs: Annotated[int | None, typer.Option(help="training.epochs")] = None,
    batch_size: Annotated[int | None, typer.Option(help="training.batch_size")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="training.learning_rate")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights, split, order and noise.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.KEY=VALUE",
            help="Any value of training/configs/*.toml, in TOML syntax; may be repeated.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    data_dir: DataDir = None,
    repository: Repository = None,
    runs_dir: Annotated[Path, typer.Option(help="Where runs keep their checkpoints.")] = Path(
        "runs"
    ),
    resume: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or checkpoint to continue, with the run's own configuration, to the "
            "same weights as an unbroken run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Fit a model and publish it as the next version in the model repository.

    \b
      python -m training fit vae
      python -m training fit dae --epochs 30 --seed 7 --name noisy
      python -m training fit ae --set model.latent_dim=3 --set 'training.schedule="constant"'
      python -m training fit vae --resume runs/vae-20260131-120000-000000

    What comes out: a run folder with config.json, checkpoint.pt (rewritten after every epoch)
    and history.json; and an artifact with model.pt, manifest.json, reference.npz and figures/.
    The artifact's folder is printed. Ctrl-C keeps the last whole epoch and says how to go on.
    """
    with _reported():
        chosen = _as_overrides(
            settings,
            {
                "name": name,
                "seed": seed,
                "training.epochs": epochs,
                "training.batch_size": batch_size,
                "training.learning_rate": learning_rate,
            },
        )
        if resume is None:
            checkpoint, config = None, load_config(kind, preset, chosen)
        else:
            checkpoint = _resumable(resume, kind, chosen)
            config = checkpoint.config
        target = _writable_repository(repository)
        folder, data = _load_data(data_dir, config)
        run_folder = _run_folder(resume, runs_dir, config)
        trainer = Trainer(
            build_model(config, data.image_shape), config, data, choose_device(device), run_folder
        )
        if checkpoint is not None:
            trainer.restore(checkpoint)
        _train(trainer, _resume_command(kind, run_folder, data_dir, repository))
        typer.echo(publish(load_checkpoint(run_folder), data, load_held_out(folder), target))


@app.command()
def evaluate(
    artifact: Annotated[
        Path, typer.Argument(help="Folder <repository>/<model>/<version>.", show_default=False)
    ],
    data_dir: DataDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Measure an artifact in nats per image on training, validation and held-out images.

    \b
      python -m training evaluate service/model_repository/vae/1

    loss is the negative ELBO with one sample for a VAE, the reconstruction otherwise;
    reconstruction is the binary cross-entropy summed over pixels. For a VAE it is that of the
    sample, for a DAE that of noisy inputs; undisturbed reconstruction is without either. The
    training column is a seeded sample of 10,000: if it is well below the other two, the model
    over-fits.
    """
    with _reported():
        evaluation = evaluate_artifact(artifact, find_data(data_dir))
        typer.echo(evaluation.as_json() if as_json else evaluation.as_table())


@app.command()
def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="Run folder or its checkpoint.pt.", show_default=False)
    ],
    data_dir: DataDir = None,
    repository: Repository = None,
    name: Name = None,
) -> None:
    """Publish a checkpoint, such as that of an interrupted run, as an artifact.

    \b
      python -m training export runs/vae-20260131-120000-000000 --name vae-early

    The artifact's folder is printed.
    """
    with _reported():
        loaded = load_checkpoint(checkpoint)
        if name is not None:
            loaded = _renamed(loaded, name)
        target = _writable_repository(repository)
        folder, data = _load_data(data_dir, loaded.config)
        typer.echo(publish(loaded, data, load_held_out(folder), target))


@app.command()
def measure(
    artifact: Annotated[
        Path, typer.Argument(help="Folder <repository>/<model>/<version>.", show_default=False)
    ],
    data_dir: DataDir = None,
    repository: Repository = None,
) -> None:
    """Compute the measures of an artifact and publish it with them, as the next version.

    \b
      python -m training measure service/model_repository/vae/1

    Publishing computes them anyway; this is for artifacts that have none, or older ones. Nothing
    else of the artifact changes. It takes the images of its training. The new folder is printed.
    """
    with _reported():
        typer.echo(republish(artifact, find_data(data_dir), _writable_repository(repository)))


@app.command()
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Compare artifacts by their measures, and write a report that shows their latent spaces.

    \b
      python -m training compare service/model_repository/ae/1 service/model_repository/vae/1

    The report is one HTML file that needs nothing else: grids, planes, ways from one picture to
    another, reconstructions, and the measures in plain words. It needs no data. Artifacts without
    measures get them by the command measure.
    """
    with _reported():
        comparison = compare_artifacts(artifacts)
        typer.echo(comparison.as_json() if as_json else comparison.as_table())
        output.write_text(render_report(comparison), encoding="utf-8")
        logger.info("report: %s", output)


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    """The one place that turns errors into a message and an exit code."""
    try:
        yield
    except ConfigError as exc:
        _fail(exc, EXIT_USAGE)
    except (TrainingError, ArtifactError, OSError) as exc:
        _fail(exc, EXIT_FAILURE)
    except KeyboardInterrupt:
        _fail("interrupted", EXIT_INTERRUPTED)


def _fail(reason: object, code: int) -> None:
    typer.echo(f"error: {reason}", err=True)
    raise typer.Exit(code)


def _train(trainer: Trainer, resume_command: str) -> None:
    try:
        trainer.fit()
    except KeyboardInterrupt:
        done, total = len(trainer.history), trainer.config.training.epochs
        hint = f"; continue with\n  {resume_command}" if done else " and nothing to continue from"
        typer.echo(f"interrupted with {done} of {total} epochs done{hint}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _resume_command(
    kind: str, run_folder: Path, data_dir: Path | None, repository: Path | None
) -> str:
    words = ["python", "-m", "training", "fit", kind, "--resume", str(run_folder)]
    for option, value in (("--data-dir", data_dir), ("--repository", repository)):
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)


def _as_overrides(settings: list[str] | None, options: dict[str, str | float | None]) -> list[str]:
    # JSON's strings and numbers are TOML's too.
    given = [f"{key}={json.dumps(value)}" for key, value in options.items() if value is not None]
    return [*(settings or []), *given]


def _resumable(path: Path, kind: str, overrides: list[str]) -> Checkpoint:
    if overrides:
        raise ConfigError(f"--resume keeps the run's own configuration; leave out {overrides}")
    checkpoint = load_checkpoint(path)
    if checkpoint.config.kind != kind:
        raise CheckpointError(f"{path}: expected a {kind}, found a {checkpoint.config.kind}")
    return checkpoint


def _renamed(checkpoint: Checkpoint, name: str) -> Checkpoint:
    renamed = checkpoint.config.model_copy(update={"name": name})
    return replace(checkpoint, config=parse_config(renamed.model_dump_json()))


def _load_data(data_dir: Path | None, config: Config) -> tuple[Path, TrainingData]:
    folder = find_data(data_dir)
    return folder, load_training_data(folder, config.data.validation_images, config.seed)


def _run_folder(resume: Path | None, runs_dir: Path, config: Config) -> Path:
    if resume is not None:
        return resume if resume.is_dir() else resume.parent
    folder = runs_dir / f"{config.name}-{datetime.now():%Y%m%d-%H%M%S-%f}"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.model_dump_json(indent=2) + "\n")
    return folder


def _writable_repository(repository: Path | None) -> Path:
    """Found out before hours of training. Raises OSError."""
    if repository is None:
        beside_service = Path(__file__).parent.parent / "service" / "model_repository"
        is_writable = os.access(beside_service.parent, os.W_OK)
        repository = beside_service if is_writable else Path("model_repository")
    repository.mkdir(parents=True, exist_ok=True)
    if not os.access(repository, os.W_OK):
        raise PermissionError(f"{repository}: expected a folder to publish into, cannot write it")
    return repository


if __name__ == "__main__":
    app()
