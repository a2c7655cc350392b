"""How the service logs: each record is one JSON object or one line of text on standard error."""

import contextlib
import json
import logging
import sys
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TextIO

from pydantic_core import PydanticSerializationError, to_json

CAPACITY = 12  # records; of requests, about as many as MAX_PIECE holds
# Bytes that a pipe takes whole, so that lines of several workers do not mix (POSIX's PIPE_BUF).
MAX_PIECE = 4096
WAIT_SECONDS = 0.1


def configure_logging(
    level: str, form: Literal["auto", "json", "text"], gathers: bool = True
) -> None:
    """Send the records of all loggers, uvicorn's too, through one handler.

    "auto" is text where standard error is a terminal, and JSON elsewhere. Gathering records takes
    a thread, which a process that is going to fork must not have.
    """
    is_text = form == "text" or (form == "auto" and sys.stderr.isatty())
    handler = (GatheringHandler if gathers else logging.StreamHandler)(sys.stderr)
    handler.setFormatter(TextFormatter() if is_text else JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    if is_text:
        handler.addFilter(_is_for_people)
    # No log line shows the caller, thread or process, so do not look them up for each record.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def write_logs() -> None:
    """Write what is gathered now."""
    for handler in logging.getLogger().handlers:
        handler.flush()


class GatheringHandler(logging.StreamHandler[TextIO]):
    """Writes lines in batches, which costs a third of writing them one by one.

    It writes a batch when it is full, when it is WAIT_SECONDS old, when a record is a warning or
    worse, and when the process ends.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._records = list[logging.LogRecord]()
        threading.Thread(target=self._write_on, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)
        if len(self._records) == CAPACITY or record.levelno >= logging.WARNING:
            self.flush()

    def flush(self) -> None:
        with self.lock or contextlib.nullcontext():
            records, self._records = self._records, []
            piece = ""
            for record in records:
                try:
                    line = self.format(record) + self.terminator
                except Exception:
                    self.handleError(record)
                    continue
                if len(piece) + len(line) > MAX_PIECE:
                    self.stream.write(piece)
                    piece = ""
                piece += line
            self.stream.write(piece)
            super().flush()

    def _write_on(self) -> None:
        while True:
            time.sleep(WAIT_SECONDS)
            if self._records:
                self.flush()


class JsonFormatter(logging.Formatter):
    """One JSON object a record. `extra={"fields": {...}}` adds its keys to the object."""

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
        try:
            return to_json(entry, fallback=str).decode()
        except PydanticSerializationError:  # half of a surrogate pair, from the name of a file
            return json.dumps(entry, default=str)


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
    """As ISO 8601, to the millisecond."""
    seconds = int(record.created)
    return f"{_second(seconds)}.{int(1000 * (record.created - seconds)):03}+00:00"


@lru_cache(maxsize=1)  # of the many lines of one second, only the first makes its text
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
