"""The Open Inference Protocol v2 under /v2, on the same models, executor and limits as our own API.

Not in the OpenAPI document: the protocol has its own, and its tensors (flat or nested lists, or
bytes behind JSON) are what client generators cannot express.
"""

from collections.abc import Awaitable, Callable
from importlib.metadata import version

from pydantic import BaseModel

from service.artifact.contract import Artifact
from service.errors import ModelUnknown, OperationUnknown
from service.http.answer import Headers
from service.http.operation import Answers, Operation, OperationRouter
from service.open_inference.infer import Reply, describe, plan_inference
from service.open_inference.schemas import (
    Live,
    ModelMetadata,
    ModelReady,
    ServerMetadata,
    ServerReady,
)
from service.open_inference.tensor_body import HEADER_LENGTH, TensorBody, TensorRequest
from service.serving.atlas import Atlas
from service.serving.work import Work

PREFIX = "/v2"
JSON = Answers("application/json", "")
# What Triton's clients ask for beyond the protocol: each is refused by its extension's name.
TRITON_EXTENSIONS = {
    "model_configuration": ("/models/{name}/config", "/models/{name}/versions/{number}/config"),
    "statistics": ("/models/{name}/stats", "/models/{name}/versions/{number}/stats"),
    "model_repository": ("/repository/{rest:path}",),
    "trace": ("/trace/setting", "/models/{name}/trace/setting"),
    "logging": ("/logging",),
    "system_shared_memory": ("/systemsharedmemory/{rest:path}",),
    "cuda_shared_memory": ("/cudasharedmemory/{rest:path}",),
}

router = OperationRouter(prefix=PREFIX, is_documented=False)


class ModelVersionPath(BaseModel):
    """A path that names a model, and perhaps its version."""

    name: str
    number: str | None = None


class InferenceAnswers(Answers):
    """JSON, and behind it the tensors that were asked for as bytes."""

    def content(self, result: Reply) -> tuple[bytes, bytes, Headers]:
        """See Answers."""
        if not result.binary:
            return result.header, b"application/json", []
        length = (HEADER_LENGTH.lower().encode(), b"%d" % len(result.header))
        return result.header + result.binary, b"application/octet-stream", [length]


@router.plan(Operation("GET", "", JSON, allows_any_query=True))
def server_metadata(_: Atlas) -> ServerMetadata:
    """Name, version and extensions."""
    return ServerMetadata(
        name="latent-atlas", version=version("latent-atlas"), extensions=["binary_tensor_data"]
    )


@router.plan(Operation("GET", "/health/live", JSON, allows_any_query=True, is_open=True))
def server_live(_: Atlas) -> Live:
    """200 whenever the process answers at all."""
    return Live()


@router.plan(Operation("GET", "/health/ready", JSON, allows_any_query=True, is_open=True))
def server_ready(atlas: Atlas) -> ServerReady:
    """200 once every model is loaded, verified and warm; otherwise 503."""
    atlas.lifecycle.require_ready()
    return ServerReady()


@router.plan(Operation("GET", "/models/{name}", JSON, allows_any_query=True))
@router.plan(Operation("GET", "/models/{name}/versions/{number}", JSON, allows_any_query=True))
def model_metadata(atlas: Atlas, path: ModelVersionPath) -> ModelMetadata:
    """Inputs and outputs of a model."""
    return describe(_find(atlas, path))


@router.plan(Operation("GET", "/models/{name}/ready", JSON, allows_any_query=True))
@router.plan(
    Operation("GET", "/models/{name}/versions/{number}/ready", JSON, allows_any_query=True)
)
def model_ready(atlas: Atlas, path: ModelVersionPath) -> ModelReady:
    """200 if the model is served; otherwise 404 or 503."""
    _find(atlas, path)
    return ModelReady(name=path.name)


def _infer_at(path: str) -> Operation:
    answers = InferenceAnswers("application/json", "")
    return Operation("POST", path, answers, body_reader=TensorBody(), allows_any_query=True)


@router.plan(_infer_at("/models/{name}/infer"))
@router.plan(_infer_at("/models/{name}/versions/{number}/infer"))
async def infer(atlas: Atlas, path: ModelVersionPath, body: TensorRequest) -> Work[Reply]:
    """Encode `images` or decode `latents`."""
    artifact = _find(atlas, path)
    return plan_inference(artifact, atlas.settings, await body.parse(), body.binary)


def _find(atlas: Atlas, path: ModelVersionPath) -> Artifact:
    """The model, in the version that is served if one is named.

    Raises ModelUnknown or ModelUnavailable.
    """
    artifact = atlas.registry.get(path.name)
    if path.number not in (None, str(artifact.manifest.version)):
        raise ModelUnknown("this version of the model is not served")
    return artifact


def _refusal_of(extension: str) -> Callable[[], Awaitable[None]]:
    async def refuse() -> None:
        raise OperationUnknown(f"Triton's extension {extension} is not supported")

    return refuse


for _extension, _paths in TRITON_EXTENSIONS.items():
    for _path in _paths:
        router.add_api_route(_path, _refusal_of(_extension), methods=["GET", "POST"])
