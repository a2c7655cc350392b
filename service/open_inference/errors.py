"""Errors as the Open Inference Protocol has them: `{"error": "..."}`, and 400 in place of 422."""

import json
from http import HTTPStatus

from service.http.answer import Answer, answer_with
from service.http.problems import Refusal


def write_error(refusal: Refusal) -> Answer:
    """The refusal as the protocol writes it; where the request is wrong stands in parentheses."""
    pointers = ", ".join(fault.pointer for fault in refusal.faults)
    text = f"{refusal.detail} ({pointers})" if pointers else refusal.detail
    is_wrong_value = refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.BAD_REQUEST if is_wrong_value else refusal.status
    headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    return answer_with(status, json.dumps({"error": text}).encode(), b"application/json", headers)
