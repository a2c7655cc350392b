"""How the service logs: one JSON object or one line of text a record, on standard error."""

import json
import logging
import sys
import threading
import time
from datetime import UTC, datetime
from logging.handlers import MemoryHandler
from typing import Any, Literal

CAPACITY = 8  # more at once would hold up the request after them
WAIT_SECONDS = 0.1


def configure_logging(level: str, form: Literal["json", "text"]) -> None:
    """Send every logger's records, the server's too, through one handler; replaces others."""
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[GatheringHandler(stream)], force=True)
    # What no line of ours tells need not be found out for each.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class GatheringHandler(MemoryHandler):
    """Writes records in batches: in one go they cost a third of what they cost one by one.

    A batch is written once it is full, once it is WAIT_SECONDS old, with the first record that is
    a warning or worse, and at the end of the process.
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

    _encode = staticmethod(json.JSONEncoder(default=str).encode)  # json.dumps would make one a line

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, in one line whatever is in it."""
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
    """A line for people; fields follow the message, quoted so that they stay in the line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, followed by a traceback if there is one."""
        fields = "".join(f" {name}={json.dumps(value)}" for name, value in _fields(record).items())
        line = f"{_time(record)} {record.levelname} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields
