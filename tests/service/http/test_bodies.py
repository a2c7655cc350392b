import json
from pathlib import Path

import pytest

from service.api.requests import DecodeInput, EncodePixelsInput
from service.app import create_app
from service.errors import Invalid, Malformed
from service.http.bodies import MAX_FAULTS, BodySize, check_size, parse_json
from service.settings import Settings

SETTINGS = Settings(max_latents=3, max_images=2)


def refuse(content: str) -> Invalid:
    with pytest.raises(Invalid) as caught:
        parse_json(DecodeInput, content.encode(), SETTINGS)
    return caught.value


def test_right_body_is_read() -> None:
    body = parse_json(DecodeInput, b'{"latents": [[1, -2.5]], "scale": 2}', SETTINGS)

    assert (body.latents, body.scale, body.columns, body.model) == ([[1, -2.5]], 2, None, None)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"scale": 1} x', b"[" * 100_000])
def test_what_is_not_json_is_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse_json(DecodeInput, content, SETTINGS)


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ("[]", "/body"),
        ("null", "/body"),
        ("{}", "/body/latents"),
        ('{"latents": []}', "/body/latents"),
        ('{"latents": [[0, 0], []]}', "/body/latents/1"),
        ('{"latents": [[0, NaN]]}', "/body/latents/0/1"),
        ('{"latents": [[0, Infinity]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1e400]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1001]]}', "/body/latents/0/1"),
        ('{"latents": [[0, true]]}', "/body/latents/0/1"),
        ('{"latents": [[0, "1.5"]]}', "/body/latents/0/1"),
        ('{"latents": [[0, 1]], "columns": 0}', "/body/columns"),
        ('{"latents": [[0, 1]], "columns": 1.5}', "/body/columns"),
        ('{"latents": [[0, 1]], "scale": 17}', "/body/scale"),
        ('{"latents": [[0, 1]], "scale": true}', "/body/scale"),
        ('{"latents": [[0, 1]], "colour": 1}', "/body/colour"),
        ('{"latents": [[0,0],[0,0],[0,0],[0,0]]}', "/body/latents"),
    ],
)
def test_wrong_body_is_refused_with_the_place(content: str, pointer: str) -> None:
    assert [fault.pointer for fault in refuse(content).faults] == [pointer]


def test_list_over_the_limit_is_refused_before_its_items_are_read() -> None:
    fault = refuse('{"latents": [1, 2, 3, "four"]}').faults[0]

    assert (fault.pointer, fault.detail) == ("/body/latents", "at most 3 are allowed")


def test_faults_are_few_and_echo_nothing() -> None:
    unknown = ", ".join(f'"field{n}": "secret"' for n in range(1000))

    error = refuse(f'{{"latents": [[0, 0]], {unknown}}}')

    assert len(error.faults) == MAX_FAULTS
    assert "secret" not in str(error.faults)


@pytest.mark.parametrize("value", ["-0.1", "1.1", "NaN", "null", '"0"', "[0]"])
def test_pixels_are_numbers_from_0_to_1(value: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_json(EncodePixelsInput, f'{{"images": [[[0, {value}]]]}}'.encode(), SETTINGS)

    assert caught.value.faults[0].pointer == "/body/images/0/0/1"


LARGEST = BodySize(lists=10, values=100)


@pytest.mark.parametrize("mark", [b"[", b",", b"{", b":"])
def test_body_with_more_in_it_than_any_right_one_is_refused_unparsed(mark: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        check_size(mark * 5000, LARGEST)

    assert caught.value.faults[0].pointer == "/body"


def test_largest_right_body_is_within_the_limits(repository: Path) -> None:
    atlas = create_app(Settings(model_repository=repository)).state.atlas
    atlas.registry.load()

    check_size(json.dumps({"images": [[[0.5] * 28] * 28] * 256}).encode(), atlas.body_size())
    check_size(json.dumps({"latents": [[0.5] * 2] * 4096}).encode(), atlas.body_size())
