"""Sends right and wrong requests made from the document; it must describe every answer."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import BaseSchema, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.python.asgi import ASGIClient, get_client
from schemathesis.specs.openapi.checks import negative_data_rejection
from starlette.types import Receive, Scope, Send

from service.api.requests import TilePath
from service.app import ROUTERS, create_app
from service.settings import Settings
from tests import tiny

Case = schemathesis.Case[Any]

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"deterministic": True},
        # No schema can express that a picture is damaged or a mosaic has too many pixels.
        "checks": {
            "positive_data_acceptance": {"expected-statuses": [200, 304, 404, 413, 415, 422]}
        },
    }
)
ANSWERS = list[tuple[str, int]]()
INPUTS = {"path", "query", "body", "form"}
DECLARED = [it for router in ROUTERS if router.include_in_schema for it in router.operations]
OPERATIONS = [(it.path, it.method) for it in DECLARED]
WITH_INPUT = [(it.path, it.method) for it in DECLARED if it.schemas.keys() & INPUTS]
# A path that names a model takes any text; other input can be of a wrong type.
CAN_BE_WRONG = [
    (it.path, it.method)
    for it in DECLARED
    if it.schemas.keys() & (INPUTS - {"path"}) or it.schemas.get("path") is TilePath
]
FORMS = ("/encode", "/reconstruct")
RIGHT = [(*operation, GenerationMode.POSITIVE) for operation in OPERATIONS]
WRONG = [(*operation, GenerationMode.NEGATIVE) for operation in CAN_BE_WRONG]


def file_of(mode: str, format_name: str) -> bytes:
    """A small picture of a Pillow mode."""
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 50).convert(mode).save(buffer, format_name)
    return buffer.getvalue()


def flip(content: bytes, position: int) -> bytes:
    damaged = bytearray(content)
    damaged[position % len(damaged)] ^= 1 << position % 8
    return bytes(damaged)


GOOD = [
    *(tiny.picture_bytes(levels) for levels in tiny.random_levels(3)),
    file_of("RGBA", "PNG"),
    file_of("RGB", "JPEG"),
    file_of("P", "GIF"),
]


def picture_files() -> st.SearchStrategy[bytes]:
    """Files of one request: all good, or also truncated ones, flipped bits and other content."""
    good, number = st.sampled_from(GOOD), st.integers(0, 10**6)
    cut = st.tuples(good, number).map(lambda it: it[0][: it[1] % len(it[0])])
    flipped = st.tuples(good, number).map(lambda it: flip(*it))
    other = st.sampled_from([b"<svg/>", b"%PDF-1.7", b"text"]) | st.binary(max_size=64)
    mixed = good | cut | flipped | other
    is_mixed = st.shared(st.booleans(), key="one choice for all files of a request")
    return is_mixed.flatmap(lambda chosen: mixed if chosen else good)


schemathesis.openapi.format("binary", picture_files())


@pytest.fixture(scope="module")
def schema(repository: Path) -> BaseSchema:
    """The document of an app with both tiny models."""
    app = create_app(Settings(model_repository=repository))
    app.state.atlas.registry.load()

    async def started(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"  # schemathesis would end the lifespan too early
        await app(scope, receive, send)

    return schemathesis.openapi.from_asgi("/openapi.json", started, config=CONFIG)


@pytest.fixture(scope="module")
def session(schema: BaseSchema) -> Iterator[ASGIClient]:
    """One client for all cases; schemathesis would start one per case."""
    with get_client(schema.app) as client:
        yield client


def quickly(test: Callable[[], None]) -> Callable[[], None]:
    """Settings: few cases, the same on every run, without health checks for slow strategies."""
    chosen = settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    return chosen(test)


def address(case: Case, name: str) -> None:
    """Use a model that exists, in its own dimensions; the document cannot know them."""
    if "name" in case.path_parameters:
        case.path_parameters["name"] = name
    if "model" in case.path_parameters:
        case.path_parameters["model"] = name
    if "z" in case.path_parameters:
        last = 2 ** case.path_parameters["z"] - 1
        case.path_parameters |= {axis: min(case.path_parameters[axis], last) for axis in "xy"}
    if "model" in case.query:
        case.query["model"] = name
    if case.path in FORMS:  # schemathesis regards a form with changed files as wrong
        assume(isinstance(case.body, dict) and "model" not in case.body)
    elif isinstance(case.body, dict):
        case.body |= ANSWERABLE[case.path](case.body) | {"model": name}


ANSWERABLE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "/encode/pixels": lambda body: {
        "images": [[image[0][:1] * 28] * 28 for image in body["images"]]
    },
    "/decode": lambda body: {"latents": [(point * 2)[:2] for point in body["latents"]]},
    "/decode/pixels": lambda body: {"latents": [(point * 2)[:2] for point in body["latents"]]},
    "/interpolate": lambda body: {"latents": [(point * 2)[:2] for point in body["latents"]]},
    "/interpolate/animation": lambda body: {
        "latents": [(point * 2)[:2] for point in body["latents"]]
    },
}


def inapplicable(case: Case) -> list[Any]:
    """An empty array adds no part to a form, so this wrong value would never be sent."""
    fields = case.body if case.path in FORMS and isinstance(case.body, dict) else {}
    is_unsent = any(value == [] for value in fields.values())
    return [negative_data_rejection] if is_unsent else []


def call(case: Case, session: ASGIClient) -> None:
    """Send one case and run every check on the answer."""
    answer = case.call_and_validate(session=session, excluded_checks=inapplicable(case))
    ANSWERS.append((case.operation.label, answer.status_code))


@pytest.mark.parametrize(("path", "method", "mode"), [*RIGHT, *WRONG])
def test_random_requests_are_answered_as_documented(
    schema: BaseSchema, session: ASGIClient, path: str, method: str, mode: GenerationMode
) -> None:
    @quickly
    @given(case=schema[path][method].as_strategy(mode))
    def send(case: Case) -> None:
        call(case, session)

    send()


@pytest.mark.parametrize(("path", "method"), WITH_INPUT)
def test_random_requests_for_models_that_exist_are_answered_as_documented(
    schema: BaseSchema, session: ASGIClient, path: str, method: str
) -> None:
    @quickly
    @given(case=schema[path][method].as_strategy(), name=st.sampled_from(["ae", "vae"]))
    def send(case: Case, name: str) -> None:
        address(case, name)
        call(case, session)

    send()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_each_edge_of_the_document_is_answered_as_documented(
    schema: BaseSchema, session: ASGIClient, path: str, method: str
) -> None:
    operation = schema[path][method]

    for case in schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=schema.config.generation_for(operation=operation),
    ):
        call(case, session)


def test_these_were_a_thousand_requests_of_which_many_were_right() -> None:
    assert len(ANSWERS) >= 1000
    for path, method in CAN_BE_WRONG:
        assert ANSWERS.count((f"{method} {path}", 200)) >= 10
