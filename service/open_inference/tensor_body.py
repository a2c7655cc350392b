"""The body of an inference request: JSON, optionally followed by tensors as bytes."""

import re
from dataclasses import dataclass

from service.errors import Invalid, Malformed, pointer_to
from service.http.bodies import read_json
from service.http.exchange import Exchange
from service.open_inference.schemas import InferenceInput
from service.serving.atlas import Atlas

HEADER_LENGTH = "Inference-Header-Content-Length"
LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class TensorRequest:
    """A body in two parts. The JSON is parsed after the model is found."""

    content: bytes
    header_length: int | None
    atlas: Atlas

    @property
    def binary(self) -> bytes:
        """The bytes after the JSON."""
        return b"" if self.header_length is None else self.content[self.header_length :]

    def parse(self) -> InferenceInput:
        """Parse the JSON. Raises Malformed or Invalid."""
        if self.header_length is not None and self.header_length > len(self.content):
            raise Malformed(f"the body is shorter than its {HEADER_LENGTH}")
        return read_json(InferenceInput, self.content[: self.header_length], self.atlas)


class TensorBody:
    """A BodyReader. The protocol names no media type."""

    media_type = None

    def check_media_type(self, _: bytes) -> None:
        """Take any."""

    def read(self, exchange: Exchange, content: bytes, atlas: Atlas) -> TensorRequest:
        return TensorRequest(content, _header_length(exchange), atlas)


def _header_length(exchange: Exchange) -> int | None:
    given = exchange.header(HEADER_LENGTH.lower())
    if given is None:
        return None
    if not LENGTH.fullmatch(given):
        raise Invalid("expected a number of bytes in digits", pointer_to("header", HEADER_LENGTH))
    return int(given)
