"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ArtifactFolder = Annotated[
    Path, typer.Argument(help="Folder <repository>/<model>/<version>.", show_default=False)
]
DATA_NAMES = ("--data", "--data-dir")
DATA_HELP = "Folder of pictures, or IDX, .npz, .npy, Parquet or Arrow files."
Data = Annotated[Path, typer.Option(*DATA_NAMES, help=DATA_HELP, show_default=False)]
DataOrFashionMnist = Annotated[
    Path | None,
    typer.Option(
        *DATA_NAMES,
        help=f"{DATA_HELP} Default: Fashion-MNIST, downloaded once and cached.",
        show_default=False,
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        help="data.size: pixels a side. Default: the most common size, or 64 if that is over 256.",
        show_default=False,
    ),
]
Channels = Annotated[
    str | None,
    typer.Option(
        help="data.channels: grey or colour. For now, fit trains on grey alone.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse data with a file that is no readable picture.")
]
Repository = Annotated[
    Path | None,
    typer.Option(
        help="Model repository to publish into. Default: service/model_repository, or "
        "./model_repository if that is not writable.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Name of the model. Default: the kind, or KIND-lab with that preset."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
