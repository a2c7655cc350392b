"""The command line: fit, describe, evaluate, export, measure, republish and compare."""

import logging
import os
from typing import Any, Never

import typer
from typer.core import TyperGroup

from service.artifact.errors import ArtifactError
from training import commands
from training.errors import ConfigError, TrainingError
from training.guidance import EXIT_FAILURE
from training.interruption import exit_code, signals_interrupt

EXIT_USAGE = 2


class Commands(TyperGroup):
    """Turns errors into a message on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with signals_interrupt():
                return super().invoke(ctx)
        except ConfigError as exc:
            _fail(exc, EXIT_USAGE)
        except (TrainingError, ArtifactError, OSError) as exc:
            _fail(_in_words(exc), EXIT_FAILURE)
        except KeyboardInterrupt as exc:
            _fail("interrupted", exit_code(exc))


def _in_words(exc: Exception) -> object:
    """The error, and an OSError without its number."""
    if not isinstance(exc, OSError) or exc.strerror is None:
        return exc
    return exc.strerror if exc.filename is None else f"{exc.filename}: {exc.strerror}"


def _fail(reason: object, code: int) -> Never:
    typer.echo(f"error: {reason}", err=True)
    raise typer.Exit(code)


app = typer.Typer(
    cls=Commands,
    name="python -m training",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="""Fit autoencoders to Fashion-MNIST or to pictures of your own, and publish them as
artifacts for the service.

\b
  python -m training fit vae                       our best VAE
  python -m training fit ae --preset lab           the course's one-layer AE
  python -m training describe --data photos/       what a folder of pictures holds
  python -m training fit vae --data photos/        a VAE of it
  python -m training evaluate service/model_repository/vae/1
  python -m training compare service/model_repository/ae/1 service/model_repository/vae/1

Pictures of your own, as --data: a folder of PNG, JPEG, WebP, GIF or BMP files with a folder for
each class or none; IDX, .npz or .npy files; Parquet or Arrow files with a column of pictures. They
are fitted to one size as the service does it with uploads. 10 % are held out and 5 % of the others
validate, unless the data come split (--set data.held_out_share=0.2).

\b
Exit codes: 0 done; 1 training, data or artifact failed; 2 wrong usage or configuration;
130 interrupted, 143 by SIGTERM.""",
)
app.command()(commands.fit)
app.command()(commands.describe)
app.command()(commands.evaluate)
app.command()(commands.export)
app.command()(commands.measure)
app.command()(commands.republish)
app.command()(commands.compare)


@app.callback()
def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if (processes := os.environ.get("WORLD_SIZE", "1")) not in ("", "1"):
        raise ConfigError(
            f"WORLD_SIZE is {processes}: training runs in one process, and several would each "
            "train and publish the same model; start it with python, or torchrun --nproc_per_node=1"
        )
