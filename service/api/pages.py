"""The two pages for people: the Atlas at / and the API's documentation at /docs.

Both are static files. Their policy lets them reach nothing but this service.
"""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

EXPLORER = Path(str(files("service") / "explorer"))
DOCUMENTATION = files("service") / "documentation"
SWAGGER_UI = files("fastapi_swagger") / "resources"  # used for the files it holds alone
DOCUMENTATION_FILES: Mapping[str, tuple[Traversable, str]] = {
    "start.js": (DOCUMENTATION / "start.js", "text/javascript"),
    "swagger-ui-bundle.js": (SWAGGER_UI / "swagger-ui-bundle.js", "text/javascript"),
    "swagger-ui.css": (SWAGGER_UI / "swagger-ui.css", "text/css"),
    "favicon-32x32.png": (SWAGGER_UI / "favicon-32x32.png", "image/png"),
}
# They ask for the API key once they are open, and a client needs the document to learn of it.
OPEN_PATHS = (
    *("/", "/explorer/", "/openapi.json", "/docs"),
    *(f"/docs/{name}" for name in DOCUMENTATION_FILES),
)
# Swagger UI's style sheet holds images as data; pictures that the service sends become blobs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# The page's files are asked about each time, which costs little (304), so old and new never mix.
ASK_EACH_TIME = "no-cache"
# Looking up a path of thousands of folders takes 0.2 s.
MAX_PATH = 255

router = APIRouter(include_in_schema=False)


# Files are read each time, in a thread, rather than held in memory.
@router.get("/")
def explorer() -> Response:
    """The Atlas."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": ASK_EACH_TIME}
    return Response((EXPLORER / "index.html").read_bytes(), headers=headers, media_type="text/html")


@router.get("/explorer/{path:path}")
async def explorer_file(request: Request, path: str) -> Response:
    """A file of the Atlas, with an entity tag."""
    if len(path) > MAX_PATH:
        raise HTTPException(404)
    folder = StaticFiles(directory=EXPLORER, check_dir=False)
    answer = await folder.get_response(path, request.scope)
    answer.headers["Cache-Control"] = ASK_EACH_TIME
    return answer


@router.get("/docs")
def documentation() -> Response:
    """Swagger UI, from a package on disk."""
    content = (DOCUMENTATION / "index.html").read_bytes()
    return Response(content, headers={"Content-Security-Policy": POLICY}, media_type="text/html")


@router.get("/docs/{name}")
def documentation_file(name: str) -> Response:
    """A file of the documentation."""
    if name not in DOCUMENTATION_FILES:
        raise HTTPException(404)
    file, media_type = DOCUMENTATION_FILES[name]
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(file.read_bytes(), headers=headers, media_type=media_type)
