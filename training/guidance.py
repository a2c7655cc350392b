"""What a command says at its start, at its end, and when it stops early."""

import contextlib
import logging
import shlex
from collections.abc import Iterator
from pathlib import Path

import typer

from service.artifact.errors import NotWritten
from training.errors import NotWritable
from training.interruption import exit_code
from training.trainer import Trainer

logger = logging.getLogger(__name__)

EXIT_FAILURE = 1
EMBEDDED_REPOSITORY = Path(__file__).parent.parent / "service" / "model_repository"


def announce(trainer: Trainer) -> None:
    """Name data, model, device and epochs."""
    data, config = trainer.data, trainer.config
    height, width = data.image_shape
    count = config.training.epochs
    weights = sum(weight.numel() for weight in trainer.model.parameters())
    logger.info(
        f"data: {data.name}, {len(data.training.labels):,} training, "
        f"{len(data.validation.labels):,} validation and {data.held_out_count:,} held-out "
        f"pictures of {height} x {width}\n"
        f"model: {config.kind}, preset {config.preset}, {weights:,} weights, on {trainer.device}\n"
        f"run: {count} epoch{'' if count == 1 else 's'} of {trainer.steps_per_epoch} steps, "
        f"{len(trainer.history)} done; a checkpoint after each epoch in {trainer.run_folder}"
    )


def finish(version: Path) -> None:
    """Print the version's folder as the result, and beside it how to serve it."""
    repository = version.parent.parent
    setting = f"ATLAS_MODEL_REPOSITORY={shlex.quote(str(repository))} "
    is_served = repository == EMBEDDED_REPOSITORY
    logger.info(
        f"published {version.parent.name}/{version.name}. To serve it:\n"
        f"  {'' if is_served else setting}python -m service\n"
        "A service that runs already loads it when it gets SIGHUP."
    )
    typer.echo(version)


@contextlib.contextmanager
def resumable(trainer: Trainer, resume_command: str) -> Iterator[None]:
    """If the run is interrupted or cannot write its files, say how to continue it."""
    try:
        yield
    except (KeyboardInterrupt, NotWritable, NotWritten) as exc:
        if isinstance(exc, KeyboardInterrupt):
            reason, code = "interrupted with", exit_code(exc)
        else:
            reason, code = f"error: {exc};", EXIT_FAILURE
        done, total = len(trainer.history), trainer.config.training.epochs
        hint = f"continue with\n  {resume_command}" if done else "there is nothing to continue"
        typer.echo(f"{reason} {done} of {total} epochs done; {hint}", err=True)
        raise typer.Exit(code) from None


def resume_command(kind: str, run_folder: Path, data: Path | None, repository: Path | None) -> str:
    """The command that continues a run."""
    words = ["python", "-m", "training", "fit", kind, "--resume", str(run_folder)]
    for option, value in (("--data", data), ("--repository", repository)):
        words += [option, str(value)] if value is not None else []
    return shlex.join(words)
