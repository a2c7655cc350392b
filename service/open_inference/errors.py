"""Errors of the Open Inference Protocol: `{"error": "..."}`, with 400 instead of 422."""

import json
from http import HTTPStatus

from service.http.answer import Answer, answer_with
from service.http.problems import Refusal


def write_error(refusal: Refusal) -> Answer:
    """The refusal in the protocol's form, with the pointers in parentheses."""
    pointers = ", ".join(fault.pointer for fault in refusal.faults)
    text = f"{refusal.detail} ({pointers})" if pointers else refusal.detail
    is_wrong_value = refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY
    status = HTTPStatus.BAD_REQUEST if is_wrong_value else refusal.status
    headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers.items()]
    return answer_with(status, json.dumps({"error": text}).encode(), "application/json", headers)
