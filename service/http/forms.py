"""multipart/form-data to the fields of /encode, in memory and within limits.

Each limit is checked as a part begins or grows, so a form that breaks one is never held. The
framework's reader would write temporary files, and its errors say nothing about where they are.
"""

from collections.abc import AsyncIterable
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from service.errors import Invalid, Malformed, pointer_to

FILES = "images"
TEXTS = ("model", "polarity")
MAX_TEXT_BYTES = 1024


async def read_form(
    content_type: str, chunks: AsyncIterable[bytes], max_files: int
) -> dict[str, object]:
    """The form's values by name: `images` a list of bytes, the others strings.

    Raises Malformed for what is not a whole form, Invalid for a part that is not expected.
    """
    _, options = parse_options_header(content_type)
    if not options.get(b"boundary"):
        raise Malformed("the media type names no boundary")
    reader = _Reader(max_files)
    try:
        parser = _parser(options[b"boundary"], reader)
        async for chunk in chunks:
            parser.write(chunk)
    except FormParserError as exc:
        raise Malformed("the form cannot be parsed", "/form") from exc
    if not reader.is_whole:
        raise Malformed("the form ends before its last boundary", "/form")
    return reader.values()


def _parser(boundary: bytes, reader: "_Reader") -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": reader.on_part_begin,
            "on_header_field": reader.on_header_field,
            "on_header_value": reader.on_header_value,
            "on_header_end": reader.on_header_end,
            "on_headers_finished": reader.on_headers_finished,
            "on_part_data": reader.on_part_data,
            "on_end": reader.on_end,
        },
    )


@dataclass
class _Part:
    pointer: str
    max_bytes: float
    content: bytearray = field(default_factory=bytearray)


class _Reader:
    """Collects the parts; the `on_` methods are the parser's callbacks."""

    def __init__(self, max_files: int) -> None:
        self.is_whole = False
        self._max_files = max_files
        self._files: list[_Part] = []
        self._texts: dict[str, _Part] = {}
        self._header_name, self._header_value = bytearray(), bytearray()
        self._disposition = b""

    def values(self) -> dict[str, object]:
        values: dict[str, object] = {n: _decode(part) for n, part in self._texts.items()}
        if self._files:
            values[FILES] = [bytes(part.content) for part in self._files]
        return values

    def on_part_begin(self) -> None:
        self._disposition = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise Malformed("a part of the form has no name", "/form")
        name = options[b"name"].decode(errors="replace")
        self._part = (self._begin_file if name == FILES else self._begin_text)(
            name, is_file=b"filename" in options
        )

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        if len(self._part.content) + end - start > self._part.max_bytes:
            raise Invalid(f"at most {MAX_TEXT_BYTES} bytes are allowed", self._part.pointer)
        self._part.content += data[start:end]

    def on_end(self) -> None:
        self.is_whole = True

    def _begin_file(self, name: str, is_file: bool) -> _Part:
        pointer = pointer_to("form", name, len(self._files))
        if not is_file:
            raise Invalid("expected a file, with a filename; found a text", pointer)
        if len(self._files) == self._max_files:
            raise Invalid(f"at most {self._max_files} images are allowed", pointer_to("form", name))
        self._files.append(_Part(pointer, float("inf")))
        return self._files[-1]

    def _begin_text(self, name: str, is_file: bool) -> _Part:
        pointer = pointer_to("form", name)
        if name not in TEXTS:
            raise Invalid("this field is not known", pointer)
        if name in self._texts:
            raise Invalid("this field is given more than once", pointer)
        if is_file:
            raise Invalid("expected a text; found a file", pointer)
        self._texts[name] = _Part(pointer, MAX_TEXT_BYTES)
        return self._texts[name]


def _decode(part: _Part) -> str:
    try:
        return part.content.decode()
    except UnicodeDecodeError as exc:
        raise Invalid("expected a text in UTF-8", part.pointer) from exc
