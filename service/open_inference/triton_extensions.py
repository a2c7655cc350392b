"""What Triton's clients ask for beyond the protocol: each is refused by the extension's name."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter

from service.errors import OperationUnknown

PATHS = {
    "model_configuration": ("/models/{name}/config", "/models/{name}/versions/{number}/config"),
    "statistics": ("/models/{name}/stats", "/models/{name}/versions/{number}/stats"),
    "model_repository": ("/repository/{rest:path}",),
    "trace": ("/trace/setting", "/models/{name}/trace/setting"),
    "logging": ("/logging",),
    "system_shared_memory": ("/systemsharedmemory/{rest:path}",),
    "cuda_shared_memory": ("/cudasharedmemory/{rest:path}",),
}

router = APIRouter(prefix="/v2", include_in_schema=False)


def _refusal_of(extension: str) -> Callable[[], Awaitable[None]]:
    async def refuse() -> None:
        raise OperationUnknown(f"Triton's extension {extension} is not supported")

    return refuse


for extension, paths in PATHS.items():
    for path in paths:
        router.add_api_route(path, _refusal_of(extension), methods=["GET", "POST"])
