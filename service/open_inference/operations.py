"""The Open Inference Protocol v2 under /v2, with the models, executor and limits of the main API.

It is not in the OpenAPI document: the protocol has its own, and client generators cannot express
its tensors (flat or nested lists, or bytes after JSON).
"""

from collections.abc import Awaitable, Callable
from importlib.metadata import version

from pydantic import BaseModel
from pydantic_core import to_json

from service.artifact.contract import Artifact
from service.errors import ModelUnknown, OperationUnknown
from service.http.answer import Answer
from service.http.operation import JSON, Answers, Operation, OperationRouter, answer_of_work
from service.open_inference.infer import Reply, describe, plan_inference
from service.open_inference.tensor_body import HEADER_LENGTH, TensorBody, TensorRequest
from service.serving.atlas import Atlas
from service.serving.work import Work

PREFIX = "/v2"
ANSWERS = Answers(JSON, "")
# Triton's extensions of the protocol, each refused by its name.
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
    name: str
    number: str | None = None


class InferenceAnswers(Answers):
    def of(self, result: Reply, work: Work[Reply] | None = None) -> Answer:
        assert work is not None
        if not result.binary:
            return answer_of_work(work, result.header, JSON)
        length = (HEADER_LENGTH.lower().encode(), b"%d" % len(result.header))
        content = result.header + result.binary
        return answer_of_work(work, content, "application/octet-stream", length)


@router.plan(Operation("GET", "", ANSWERS, allows_any_query=True))
def server_metadata(_: Atlas) -> bytes:
    extensions = ["binary_tensor_data"]
    name = "latent-atlas"
    return to_json({"name": name, "version": version(name), "extensions": extensions})


@router.plan(Operation("GET", "/health/live", ANSWERS, allows_any_query=True, is_open=True))
def server_live(_: Atlas) -> bytes:
    return to_json({"live": True})


@router.plan(Operation("GET", "/health/ready", ANSWERS, allows_any_query=True, is_open=True))
def server_ready(atlas: Atlas) -> bytes:
    """200 once every model is loaded, verified and warm; otherwise 503."""
    atlas.lifecycle.require_ready()
    return to_json({"ready": True})


@router.plan(Operation("GET", "/models/{name}", ANSWERS, allows_any_query=True))
@router.plan(Operation("GET", "/models/{name}/versions/{number}", ANSWERS, allows_any_query=True))
def model_metadata(atlas: Atlas, path: ModelVersionPath) -> bytes:
    return describe(_find(atlas, path))


@router.plan(Operation("GET", "/models/{name}/ready", ANSWERS, allows_any_query=True))
@router.plan(
    Operation("GET", "/models/{name}/versions/{number}/ready", ANSWERS, allows_any_query=True)
)
def model_ready(atlas: Atlas, path: ModelVersionPath) -> bytes:
    """200 if the model is served; otherwise 404 or 503."""
    _find(atlas, path)
    return to_json({"name": path.name, "ready": True})


def _infer_at(path: str) -> Operation:
    answers = InferenceAnswers(JSON, "")
    return Operation("POST", path, answers, body_reader=TensorBody(), allows_any_query=True)


@router.plan(_infer_at("/models/{name}/infer"))
@router.plan(_infer_at("/models/{name}/versions/{number}/infer"))
def infer(atlas: Atlas, path: ModelVersionPath, body: TensorRequest) -> Work[Reply]:
    artifact = _find(atlas, path)
    return plan_inference(artifact, atlas.settings, body.parse(), body.binary)


def _find(atlas: Atlas, path: ModelVersionPath) -> Artifact:
    """The model. Raises ModelUnavailable, or ModelUnknown also for a version that is not served."""
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
