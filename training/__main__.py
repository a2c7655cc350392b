"""python -m training fit | describe | evaluate | export | measure | republish | compare."""

import sys

from training.interruption import end_at_once


def main() -> None:
    """Run the command line."""
    # Its imports take seconds, and process 1 of a container ignores SIGTERM until it has a handler.
    end_at_once()
    from service.artifact.programs import NO_TORCHSCRIPT

    if sys.version_info >= NO_TORCHSCRIPT:
        sys.exit(
            "training writes TorchScript, which torch does not support on Python "
            "{}.{} or newer".format(*NO_TORCHSCRIPT)
        )
    from training.command_line import app

    app()


if __name__ == "__main__":
    main()
