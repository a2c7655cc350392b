"""/docs as it is served; what a browser makes of it is in tests/test_documentation_page.py."""

import re
from pathlib import Path

from fastapi.testclient import TestClient

from service.api.documentation import ASSETS
from service.app import create_app
from service.settings import Settings


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
    app = create_app(Settings(model_repository=repository, api_key="key"))
    with TestClient(app) as client:
        for path in ("/docs", "/openapi.json", *(f"/docs/{name}" for name in ASSETS)):
            assert client.get(path).status_code == 200
        assert client.get("/docs/../models").status_code == 401
