"""How the service logs: each record is one JSON object or one line of text on standard error."""

import json
import logging
import sys
import threading
import time
from datetime import UTC, datetime
from logging.handlers import MemoryHandler
from typing import Any, Literal

CAPACITY = 8  # writing more records at once would delay the next request
WAIT_SECONDS = 0.1


def configure_logging(
    level: str, form: Literal["auto", "json", "text"], gathers: bool = True
) -> None:
    """Send the records of all loggers, uvicorn's too, through one handler.

    "auto" is text where standard error is a terminal, and JSON elsewhere. Gathering records takes
    a thread, which a process that is going to fork must not have.
    """
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(TextFormatter() if is_text else JsonFormatter())
    handler = GatheringHandler(stream) if gathers else stream
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if is_text:
        stream.addFilter(_is_for_people)
    # No log line shows the caller, thread or process, so do not look them up for each record.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def write_logs() -> None:
    """Write what is gathered now."""
    for handler in logging.getLogger().handlers:
        handler.flush()


class GatheringHandler(MemoryHandler):
    """Writes records in batches, which costs a third of writing them one by one.

    It writes a batch when it is full, when it is WAIT_SECONDS old, when a record is a warning or
    worse, and when the process ends.
    """

    def __init__(self, target: logging.Handler) -> None:
        super().__init__(CAPACITY, logging.WARNING, target)
        threading.Thread(target=self._write_on, name="log", daemon=True).start()

    def _write_on(self) -> None:
        while True:
            time.sleep(WAIT_SECONDS)
            if self.buffer:
                self.flush()


class JsonFormatter(logging.Formatter):
    """One JSON object a record. `extra={"fields": {...}}` adds its keys to the object."""

    # json.dumps would make an encoder for each line.
    _encode = staticmethod(json.JSONEncoder(default=str).encode)

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return self._encode(entry)


class TextFormatter(logging.Formatter):
    """One line for people, then any traceback. Fields are quoted, so they cannot break the line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={json.dumps(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _is_for_people(record: logging.LogRecord) -> bool:
    """Not uvicorn's steps of each worker's start: process/starting.py says when all are done."""
    return record.levelno >= logging.WARNING or not record.name.startswith("uvicorn")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
