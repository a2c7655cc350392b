"""python encode_folder.py FOLDER > latents.csv: encodes every picture in a folder and below.

It reads, sends and writes one batch at a time, so memory stays the same for ten or a million
pictures. It reports a picture that the service cannot read and skips it. Needs httpx. ATLAS_URL
says where the service is.
"""

import csv
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

ADDRESS = os.environ.get("ATLAS_URL", "http://localhost:8000")
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
# Within the service's default limits (see /docs), with room for what a form adds.
BATCH_FILES = 256
BATCH_BYTES = 7_500_000


def main(folder: Path) -> None:
    """Write a line per picture, batch by batch."""
    rows = csv.writer(sys.stdout)
    rows.writerow(["file", "mean", "in_support"])
    with httpx.Client(base_url=ADDRESS, timeout=120) as client:
        for batch in batches(folder):
            for path, entry in encode(client, batch):
                mean = " ".join(str(value) for value in entry["mean"])
                rows.writerow([cell(path.relative_to(folder)), mean, entry["in_support"]])


def cell(path: Path) -> str:
    """The path as text also to a spreadsheet, which takes these characters for a formula."""
    text = str(path)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def batches(folder: Path) -> Iterator[list[Path]]:
    """The pictures in the order of their names, in batches that fit into one request."""
    batch, size = list[Path](), 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
        length = path.stat().st_size
        if batch and (len(batch) == BATCH_FILES or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(path)
        size += length
    if batch:
        yield batch


def encode(client: httpx.Client, batch: list[Path]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Encode a batch. Reports and skips each picture that the service names as bad."""
    while batch:
        files = [("images", (path.name, path.read_bytes())) for path in batch]
        answer = client.post("/encode", files=files)
        if answer.is_success:
            yield from zip(batch, answer.json()["latents"], strict=True)
            return
        bad = re.search(r'"pointer":"/form/images/(\d+)"', answer.text)
        if not bad:
            sys.exit(answer.text)
        path = batch.pop(int(bad[1]))
        print(f"{path}: {answer.json()['detail']}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
