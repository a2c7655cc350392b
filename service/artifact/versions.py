"""The versions in a model's folder. Reads no file of a model and needs no torch."""

from pathlib import Path


def version_numbers(model_folder: Path) -> list[int]:
    """The versions in a model's folder, ascending. Other entries are ignored."""
    return sorted(
        int(entry.name)
        for entry in model_folder.iterdir()
        if entry.is_dir() and entry.name.isascii() and entry.name.isdigit() and entry.name[0] != "0"
    )
