"""The document that clients are generated from. Breaking any of these rules breaks a generator."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openapi_spec_validator import validate

from service.app import ROUTERS, create_app
from service.settings import Settings

OPERATIONS = {
    operation.name
    for router in ROUTERS
    for operation in router.operations
    if router.include_in_schema
}


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    served: dict[str, Any] = client.get("/openapi.json").json()
    return served


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def test_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)

    assert document["openapi"].startswith("3.1")


def test_operations_have_an_id_a_described_tag_and_texts(document: dict[str, Any]) -> None:
    found = list(operations(document))
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}

    for operation in found:
        assert operation["summary"]
        assert operation["description"]
        assert len(set(operation["tags"]) & tags) == 1
    assert {operation["operationId"] for operation in found} == OPERATIONS


def test_every_answer_is_described_in_its_own_words(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for answer in operation["responses"].values():
            assert answer["description"].rstrip(".") not in ("", "Successful Response")


def test_each_operation_has_one_media_type_in_and_one_out(document: dict[str, Any]) -> None:
    for operation in operations(document):
        assert len(operation["responses"]["200"]["content"]) == 1
        assert len(operation.get("requestBody", {"content": {"none": 0}})["content"]) == 1


def test_answers_are_of_media_types_that_generators_know(document: dict[str, Any]) -> None:
    types = {
        media_type
        for operation in operations(document)
        for media_type in operation["responses"]["200"]["content"]
    }

    assert types == {"application/json", "image/png", "text/plain"}


@pytest.mark.parametrize(
    ("public_url", "server"),
    [
        (None, "/"),
        ("", "/"),
        ("https://a.example", "https://a.example"),
        ("https://a.example/atlas/", "https://a.example/atlas"),
    ],
)
def test_server_is_the_public_address_if_it_is_set(public_url: str | None, server: str) -> None:
    document = create_app(Settings(public_url=public_url)).openapi()

    validate(document)
    assert [it["url"] for it in document["servers"]] == [server]


def test_prefix_of_a_proxy_is_the_server(repository: Path) -> None:
    app = create_app(Settings(model_repository=repository))
    behind = TestClient(app, root_path="/atlas")

    assert behind.get("/atlas/openapi.json").json()["servers"][0]["url"] == "/atlas"


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for operation in operations(document):
        errors = {k: v for k, v in operation["responses"].items() if k not in ("200", "304")}
        assert {"422", "500"} <= errors.keys()
        for response in errors.values():
            assert list(response["content"]) == ["application/problem+json"]
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_headers_can_be_relied_on(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            assert all(header["required"] for header in answer["headers"].values())
            assert "X-Request-ID" in answer["headers"]
            assert ("Retry-After" in answer["headers"]) == (status == "503")


@pytest.mark.parametrize(
    ("path", "method", "media_type"),
    [
        ("/decode", "post", "image/png"),
        ("/interpolate", "post", "image/png"),
        ("/interpolate/animation", "post", "image/png"),
        ("/grid", "get", "image/png"),
        ("/tiles/{model}/{z}/{x}/{y}.png", "get", "image/png"),
        ("/models/{name}/reference.png", "get", "image/png"),
    ],
)
def test_pictures_are_binary(
    document: dict[str, Any], path: str, method: str, media_type: str
) -> None:
    content = document["paths"][path][method]["responses"]["200"]["content"]

    assert content == {media_type: {"schema": {"type": "string", "format": "binary"}}}


@pytest.mark.parametrize("path", ["/encode", "/reconstruct"])
def test_uploads_are_binary(document: dict[str, Any], path: str) -> None:
    form = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]
    schema = document["components"]["schemas"][form["schema"]["$ref"].rpartition("/")[2]]

    assert schema["properties"]["images"]["items"] == {"type": "string", "format": "binary"}
    assert schema["required"] == ["images"]


def test_picture_that_is_a_body_is_binary(document: dict[str, Any]) -> None:
    body = document["paths"]["/encode/picture"]["post"]["requestBody"]

    schema = {"type": "string", "format": "binary"}
    assert body == {"required": True, "content": {"application/octet-stream": {"schema": schema}}}


def test_limits_of_the_settings_are_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    assert schemas["EncodePixelsInput"]["properties"]["images"]["maxItems"] == 256
    assert schemas["DecodeInput"]["properties"]["latents"]["maxItems"] == 4096
    assert schemas["DecodeInput"]["properties"]["scale"]["maximum"] == 16
    rows = document["paths"]["/grid"]["get"]["parameters"][1]
    assert (rows["name"], rows["schema"]["maximum"]) == ("rows", 16384)
    assert "8388608 bytes" in document["info"]["description"]
    for operation in operations(document):
        if "latent space" in operation["tags"]:
            assert "\n\nLimits: " in operation["description"]


def test_what_is_not_in_the_document_is_named(document: dict[str, Any]) -> None:
    assert "/v2" not in document["paths"]
    assert "Open Inference Protocol v2 at `/v2`" in document["info"]["description"]


def test_nothing_unresolved_or_unused_is_left(document: dict[str, Any]) -> None:
    text = str(document)

    assert "x-limit" not in text
    assert "HTTPValidationError" not in text
    assert "contentMediaType" not in text
    for name in document["components"]["schemas"]:
        assert f"'#/components/schemas/{name}'" in text


def test_no_schema_is_named_like_a_generated_class(document: dict[str, Any]) -> None:
    assert not [
        name for name in document["components"]["schemas"] if name.endswith(("Request", "Response"))
    ]


def test_head_is_no_operation_of_the_document(document: dict[str, Any]) -> None:
    assert not any("head" in path for path in document["paths"].values())
