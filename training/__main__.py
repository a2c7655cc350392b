"""python -m training fit | describe | evaluate | export | measure | republish | compare."""

from training.interruption import end_at_once


def main() -> None:
    """Run the command line."""
    # Its imports take seconds, and process 1 of a container ignores SIGTERM until it has a handler.
    end_at_once()
    from training.command_line import app

    app()


if __name__ == "__main__":
    main()
