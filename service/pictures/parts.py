"""The limit on the parts of a file."""

from service.errors import TooLarge

# Chunks, segments or blocks in one file. Each takes about a microsecond to look at, and a body of
# the largest size can hold millions. Files that people send have thousands.
MAX_PARTS = 100_000


def too_many_parts() -> TooLarge:
    return TooLarge(f"the file has more than {MAX_PARTS} parts")
