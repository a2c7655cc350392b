"""multipart/form-data (RFC 7578) to the fields of /encode, each checked before it is copied.

The framework's reader writes temporary files, and its errors say nothing about where they are. A
general parser takes ten times as long over a small form as finding its boundaries does.
"""

import re
from typing import NamedTuple

from python_multipart.multipart import parse_options_header

from service.errors import Invalid, Malformed, pointer_to

FILES = "images"
TEXTS = ("model", "polarity")
MAX_TEXT_BYTES = 1024
# A boundary has at most 70 (RFC 2046, 5.1.1).
MAX_TYPE_CHARACTERS = 1024

# A line of a part's headers, and lines that continue it after a blank: each of about 4 KiB.
LINE = rb"[^\r]{0,4224}(?:\r\n[ \t][^\r]{0,4224}){0,4}\r\n"
# The headers of a part and the empty line after them: at most 8.
PART_HEADERS = re.compile(rb"(?:[\w!#$%&'*+.^`|~-]+:" + LINE + rb"){0,8}\r\n")
DISPOSITION = re.compile(
    rb"^content-disposition:[ \t]*(" + LINE + rb")", re.IGNORECASE | re.MULTILINE
)
# As nearly every client writes them; anything else is left to a general parser of headers.
USUAL_TYPE = re.compile(r"multipart/form-data; boundary=([\w-]{1,70})", re.ASCII)
USUAL_DISPOSITION = re.compile(rb'form-data; name="([^"\\]*)"(; filename="[^"\\]*")?\r\n')
# RFC 7578 forbids this way to write a name beyond ASCII (RFC 2231). Clients that have nothing else
# still send it, and what the file is called does not matter.
EXTENDED_FILENAME = re.compile(r";[ \t]*filename\*[0-9]*\*?[ \t]*=", re.IGNORECASE)
# What follows a delimiter: more parts, perhaps after some blanks, or the end.
AFTER_DELIMITER = re.compile(rb"[ \t]*\r\n|--")


class Part(NamedTuple):
    """What the headers of a part say, and where its content starts."""

    name: str
    is_file: bool
    start: int


def parse_form(content_type: str, content: bytes, max_files: int) -> dict[str, object]:
    """The form's values by name: `images` a list of bytes, the others strings.

    Raises Malformed for what is not a whole form, Invalid for a part that is not expected.
    """
    delimiter = b"\r\n--" + _boundary(content_type)
    texts, files = dict[str, object](), list[bytes]()
    start = _find_first_part(content, delimiter)
    while start is not None:
        part = _read_headers(content, start)
        if part.name == FILES:
            _check_file(part, len(files), max_files)
        else:
            _check_text(part, texts)
        end, start = _find_delimiter(content, part.start, delimiter)
        if part.name == FILES:
            files.append(content[part.start : end])
        else:
            texts[part.name] = _decode(part.name, content[part.start : end])
    return {**texts, FILES: files} if files else texts


def _boundary(content_type: str) -> bytes:
    if usual := USUAL_TYPE.fullmatch(content_type):
        return usual[1].encode()
    if len(content_type) > MAX_TYPE_CHARACTERS:
        raise Malformed(f"the media type has more than {MAX_TYPE_CHARACTERS} characters")
    _, options = parse_options_header(content_type)
    if not options.get(b"boundary"):
        raise Malformed("the media type names no boundary")
    return options[b"boundary"]


def _find_first_part(content: bytes, delimiter: bytes) -> int | None:
    """Where the first part's headers start; None in a form without parts.

    What stands before the first boundary is skipped (a preamble: RFC 2046, 5.1.1).
    """
    opening = delimiter[2:]
    start = max(0, content.find(b"-")) if content[:1] in (b"\r", b"\n") else 0
    after = AFTER_DELIMITER.match(content, start + len(opening))
    if after is not None and content.startswith(opening, start):
        return None if after[0] == b"--" else after.end()
    if delimiter not in content:
        raise Malformed("the boundary that the media type names is not in the form", "/form")
    return _find_delimiter(content, 0, delimiter)[1]


def _read_headers(content: bytes, start: int) -> Part:
    headers = PART_HEADERS.match(content, start)
    if headers is None:
        is_cut_off = len(content) - start < MAX_TEXT_BYTES and b"\r\n\r\n" not in content[start:]
        raise _cut_off() if is_cut_off else Malformed("the form cannot be parsed", "/form")
    found = DISPOSITION.findall(headers[0])
    disposition = found[-1] if found else b""
    if usual := USUAL_DISPOSITION.fullmatch(disposition):
        return Part(usual[1].decode(errors="replace"), usual[2] is not None, headers.end())
    text = disposition.replace(b"\r\n", b"").decode("latin-1")
    _, options = parse_options_header(text)
    if b"name" not in options:
        raise Malformed("a part of the form has no name", "/form")
    is_file = b"filename" in options or EXTENDED_FILENAME.search(text) is not None
    return Part(options[b"name"].decode(errors="replace"), is_file, headers.end())


def _find_delimiter(content: bytes, start: int, delimiter: bytes) -> tuple[int, int | None]:
    """Where the next delimiter starts, and the headers of the part after it, if there is one.

    Raises Malformed.
    """
    found = content.find(delimiter, start)
    after = AFTER_DELIMITER.match(content, found + len(delimiter))
    if found >= 0 and after is None:  # it was part of the content, which may be full of such
        whole = re.compile(re.escape(delimiter) + b"(?:" + AFTER_DELIMITER.pattern + b")")
        if match := whole.search(content, found):
            found = match.start()
            after = AFTER_DELIMITER.match(content, found + len(delimiter))
    if found < 0 or after is None:
        raise _cut_off()
    return found, None if after[0] == b"--" else after.end()


def _check_file(part: Part, count: int, max_files: int) -> None:
    if not part.is_file:
        detail = "expected a file, with a filename; found a text"
        raise Invalid(detail, pointer_to("form", part.name, count))
    if count == max_files:
        raise Invalid(f"at most {max_files} images are allowed", pointer_to("form", part.name))


def _check_text(part: Part, texts: dict[str, object]) -> None:
    pointer = pointer_to("form", part.name)
    if part.name not in TEXTS:
        raise Invalid("this field is not known", pointer)
    if part.name in texts:
        raise Invalid("this field is given more than once", pointer)
    if part.is_file:
        raise Invalid("expected a text; found a file", pointer)


def _decode(name: str, value: bytes) -> str:
    if len(value) > MAX_TEXT_BYTES:
        raise Invalid(f"at most {MAX_TEXT_BYTES} bytes are allowed", pointer_to("form", name))
    try:
        return value.decode()
    except UnicodeDecodeError as exc:
        raise Invalid("expected a text in UTF-8", pointer_to("form", name)) from exc


def _cut_off() -> Malformed:
    return Malformed("the form ends before its last boundary", "/form")
