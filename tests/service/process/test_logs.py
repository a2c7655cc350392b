import io
import json
import logging
import sys
import threading
from datetime import datetime
from typing import Literal

import pytest

from service.process.logs import (
    CAPACITY,
    MAX_PIECE,
    GatheringHandler,
    JsonFormatter,
    TextFormatter,
    configure_logging,
)


def record(message: str, *arguments: object, **attributes: object) -> logging.LogRecord:
    made = logging.LogRecord("a.b", logging.WARNING, "", 0, message, arguments, None)
    vars(made).update(attributes)
    return made


def test_record_becomes_one_json_object_with_its_fields() -> None:
    line = JsonFormatter().format(record("%d of\n%s", 3, '"x"', fields={"status": 200}))

    entry = json.loads(line)
    assert "\n" not in line
    assert datetime.fromisoformat(entry.pop("time")).tzinfo is not None
    assert entry == {"level": "warning", "logger": "a.b", "message": '3 of\n"x"', "status": 200}


def test_fields_cannot_break_out_of_a_line_of_text() -> None:
    line = TextFormatter().format(record("request", fields={"path": '/a\n" b', "status": 404}))

    assert line.endswith('WARNING request path="/a\\n\\" b" status=404')


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_traceback_is_kept(formatter: logging.Formatter) -> None:
    try:
        raise RuntimeError("the reason")
    except RuntimeError:
        failed = record("failed", exc_info=sys.exc_info())

    assert "RuntimeError: the reason" in formatter.format(failed)


class Writes(io.StringIO):
    """Notes each write, and says when the first comes."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = list[str]()
        self.has_any = threading.Event()

    def write(self, text: str) -> int:
        if text:
            self.pieces.append(text)
            self.has_any.set()
        return len(text)


def entry(message: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.makeLogRecord({"msg": message, "levelno": level})


def test_batch_is_written_when_full_or_urgent_and_in_order() -> None:
    stream = Writes()
    handler = GatheringHandler(stream)

    for number in range(CAPACITY):
        handler.handle(entry(str(number)))
    handler.handle(entry("waits"))
    handler.handle(entry("urgent", logging.WARNING))

    lines = "".join(f"{number}\n" for number in range(CAPACITY))
    assert stream.pieces == [lines, "waits\nurgent\n"]


def test_pipe_takes_each_write_whole() -> None:
    stream = Writes()
    handler = GatheringHandler(stream)

    for number in range(CAPACITY):
        handler.handle(entry(f"{number} ".ljust(MAX_PIECE // 3, ".")))

    assert len(stream.pieces) == CAPACITY / 2
    assert all(len(piece) <= MAX_PIECE and piece.endswith("\n") for piece in stream.pieces)


def test_batch_is_written_after_a_while() -> None:
    stream = Writes()

    GatheringHandler(stream).handle(entry("said"))

    assert stream.has_any.wait(timeout=10)


def test_half_of_a_surrogate_pair_does_not_lose_a_line() -> None:
    line = JsonFormatter().format(record("file", fields={"name": "\ud800", "code": {1}}))

    assert json.loads(line)["name"] == "\ud800"


@pytest.mark.parametrize(
    ("form", "is_terminal", "is_json"),
    [
        ("auto", True, False),
        ("auto", False, True),
        ("json", True, True),
        ("text", False, False),
    ],
)
def test_terminal_gets_text_and_all_else_json_unless_told_otherwise(
    form: Literal["auto", "json", "text"],
    is_terminal: bool,
    is_json: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging("info", form)
        logging.getLogger("uvicorn.error").info("a worker's step")
        logging.getLogger("service").warning("said")
    finally:
        root.handlers[:] = before
        root.setLevel(level)

    *steps, said = stream.getvalue().splitlines()
    assert said.startswith("{") is is_json
    assert len(steps) == is_json
