"""python -m tests.benchmarks.container_start: time from `docker run` to the first 200 of /readyz.

Measures the image that `docker compose build service` made, on two CPUs.
"""

import argparse
import sys
from collections.abc import Sequence
from time import monotonic

from tests.docker.conftest import bare


def main(arguments: Sequence[str] | None = None) -> None:
    """Start containers one after another and print the seconds that each took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    seconds = [_seconds_to_ready() for _ in range(parser.parse_args(arguments).times)]
    shown = ", ".join(f"{one:.1f}" for one in seconds)
    sys.stdout.write(f"docker run to /readyz 200, 2 CPUs: {shown} s\n")


def _seconds_to_ready() -> float:
    begin = monotonic()
    with bare():
        return monotonic() - begin


if __name__ == "__main__":
    main()
