"""/: the Atlas, a page of static files, whose policy lets it reach nothing but the service."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

FOLDER = Path(str(files("service") / "explorer"))
# Pictures that the service answers with become blobs.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Files are asked about each time, which costs little (304), so that old and new never mix.
CACHE_CONTROL = "no-cache"

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> Response:
    """The page. It is read each time, in a thread, rather than held."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Cache-Control": CACHE_CONTROL}
    return Response((FOLDER / "index.html").read_bytes(), headers=headers, media_type="text/html")


@router.get("/explorer/{path:path}")
async def page_file(request: Request, path: str) -> Response:
    """A file that the page loads, with an entity tag."""
    answer = await StaticFiles(directory=FOLDER, check_dir=False).get_response(path, request.scope)
    answer.headers["Cache-Control"] = CACHE_CONTROL
    return answer
