"""The pages over HTTP. Other tests open them in a browser."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.staticfiles import StaticFiles

from service.api.pages import DOCUMENTATION_FILES, EXPLORER
from tests.serving import serving

OWN_FILES = [path for path in EXPLORER.iterdir() if path.is_file()]


# /docs


def test_page_loads_only_what_this_server_has(client: TestClient) -> None:
    page = client.get("/docs")

    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert len(links) == 5
    for link in links:
        assert client.get(f"/{link}").status_code == 200


def test_page_may_run_and_reach_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script(?! src)|<style| on\w+=|https?://", page.text) == []


def test_assets_have_their_media_type_and_are_no_page(client: TestClient) -> None:
    script = client.get("/docs/swagger-ui-bundle.js")

    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.headers["content-security-policy"].startswith("default-src 'none'")
    assert client.get("/docs/other.js").json()["status"] == 404


def test_documentation_needs_no_key(repository: Path) -> None:
    with serving(repository, api_key="key") as client:
        for path in ("/docs", "/openapi.json", *(f"/docs/{name}" for name in DOCUMENTATION_FILES)):
            assert client.get(path).status_code == 200
        assert client.get("/docs/../models").status_code == 401


# /


def test_page_may_reach_the_service_alone(client: TestClient) -> None:
    answer = client.get("/")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


def test_everything_the_page_names_is_served(client: TestClient) -> None:
    named = re.findall(r'(?:href|src)="(explorer/[^"]+)"', client.get("/").text)

    assert len(named) >= 4
    for name in named:
        assert client.get(f"/{name}").status_code == 200


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: path.name)
def test_files_import_what_is_there_and_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text()

    for name in re.findall(r'from "(\./[^"]+)"', text):
        assert (EXPLORER / name).is_file(), name
    links = set(re.findall(r"https?://[^\s\"'`)<]+", text))
    assert links <= {"https://leafletjs.com", "http://www.w3.org/2000/svg"}  # a link, an XML name


def test_files_are_asked_about_each_time(client: TestClient) -> None:
    answer = client.get("/explorer/main.js")
    again = client.get("/explorer/main.js", headers={"If-None-Match": answer.headers["etag"]})

    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "", "vendor", "../app.py", "%2e%2e/app.py", "..%2fapp.py", "%00", "a" * 999],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    answer = client.get(f"/explorer/{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_long_path_is_not_looked_up(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(StaticFiles, "lookup_path")

    assert client.get(f"/explorer/{'a/' * 128}").status_code == 404


def test_leaflet_comes_with_its_licence() -> None:
    (folder,) = (EXPLORER / "vendor").iterdir()

    assert "BSD 2-Clause" in (folder / "LICENSE").read_text()
    assert (
        f'version = "{folder.name.removeprefix("leaflet-")}"'
        in (folder / "leaflet-src.esm.js").read_text()
    )


def test_page_is_open_where_a_key_is_asked_for(repository: Path) -> None:
    with serving(repository, api_key="the key") as client:
        assert client.get("/").status_code == 200
        assert client.get("/explorer/main.js").status_code == 200
        assert client.get("/models").status_code == 401
