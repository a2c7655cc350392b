"""/docs: Swagger UI from a package on disk, under a policy that lets it reach nothing else."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.exceptions import HTTPException

PAGE = files("service") / "documentation"
SWAGGER_UI = files("fastapi_swagger") / "resources"  # used for the files it holds alone
ASSETS: Mapping[str, tuple[Traversable, str]] = {
    "start.js": (PAGE / "start.js", "text/javascript"),
    "swagger-ui-bundle.js": (SWAGGER_UI / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (SWAGGER_UI / "swagger-ui.css", "text/css"),
    "favicon-32x32.png": (SWAGGER_UI / "favicon-32x32.png", "image/png"),
}
# Its style sheet holds images as data, and pictures that the service answers with become blobs.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def documentation() -> Response:
    """The page."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return Response((PAGE / "index.html").read_bytes(), headers=headers, media_type="text/html")


@router.get("/docs/{name}")
def documentation_asset(name: Annotated[str, Path()]) -> Response:
    """A file that the page loads. It is read each time, in a thread, rather than held."""
    if name not in ASSETS:
        raise HTTPException(404)
    file, media_type = ASSETS[name]
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(file.read_bytes(), headers=headers, media_type=media_type)
