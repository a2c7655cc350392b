import json
import logging
import sys
from datetime import datetime

import pytest

from service.logs import JsonFormatter, TextFormatter


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
