"""/v2, the Open Inference Protocol: parse, one call, send.

Not in the OpenAPI document: the protocol has its own, and its tensors (flat or nested lists, or
bytes behind JSON) are what client generators cannot express.
"""

from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response

from service.api.dependencies import (
    AtlasDependency,
    LifecycleDependency,
    MetricsDependency,
    refuse_compressed,
)
from service.open_inference import inference as open_inference
from service.open_inference.schemas import (
    Live,
    ModelMetadata,
    ModelReady,
    ServerMetadata,
    ServerReady,
)

HEADER_LENGTH = "Inference-Header-Content-Length"

router = APIRouter(prefix="/v2", include_in_schema=False)


@router.get("")
async def server_metadata() -> ServerMetadata:
    """Name, version and extensions."""
    return ServerMetadata(
        name="latent-atlas", version=version("latent-atlas"), extensions=["binary_tensor_data"]
    )


@router.get("/health/live")
async def server_live() -> Live:
    """200 whenever the process answers at all."""
    return Live()


@router.get("/health/ready")
async def server_ready(lifecycle: LifecycleDependency) -> ServerReady:
    """200 once every model is loaded, verified and warm; otherwise 503."""
    lifecycle.require_ready()
    return ServerReady()


@router.get("/models/{name}")
@router.get("/models/{name}/versions/{number}")
async def model_metadata(
    atlas: AtlasDependency, name: str, number: str | None = None
) -> ModelMetadata:
    """Inputs and outputs of a model."""
    return open_inference.describe(open_inference.find_model(atlas, name, number))


@router.get("/models/{name}/ready")
@router.get("/models/{name}/versions/{number}/ready")
async def model_ready(atlas: AtlasDependency, name: str, number: str | None = None) -> ModelReady:
    """200 if the model is served; otherwise 404 or 503."""
    open_inference.find_model(atlas, name, number)
    return ModelReady(name=name)


@router.post("/models/{name}/infer")
@router.post("/models/{name}/versions/{number}/infer")
async def infer(
    request: Request,
    atlas: AtlasDependency,
    metrics: MetricsDependency,
    name: str,
    number: str | None = None,
    header_length: Annotated[int | None, Header(alias=HEADER_LENGTH, ge=0)] = None,
) -> Response:
    """Encode `images` or decode `latents`."""
    refuse_compressed(request)
    artifact = open_inference.find_model(atlas, name, number)
    content = await request.body()
    return _send(await open_inference.infer(atlas, metrics, artifact, content, header_length))


def _send(reply: open_inference.Reply) -> Response:
    manifest = reply.artifact.manifest
    headers = {"Atlas-Model": manifest.name, "Atlas-Model-Version": str(manifest.version)}
    if not reply.binary:
        return Response(reply.header, headers=headers, media_type="application/json")
    headers[HEADER_LENGTH] = str(len(reply.header))
    content = reply.header + reply.binary
    return Response(content, headers=headers, media_type="application/octet-stream")
