"""An operation, declared once: routing, the OpenAPI document, its examples and the tests read it.

    router = OperationRouter(tag="latent space")

    @router.plan(Operation("POST", "/decode", answers=PNG, ...))
    def decode(atlas: Atlas, body: DecodeInput) -> Work[bytes]:
        ...

The function is the operation's plan: it checks the request and returns the work to be done, or the
answer itself. Its parameters say what it reads: `path` and `query` from the address, `body` (JSON)
or `form` from the content, each as the schema they are annotated with, and `exchange`, the request.
A `body` of another kind comes from the operation's `body_reader`.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, NoReturn, TypeVar, get_origin, get_type_hints

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel
from starlette.routing import compile_path

from service.http.answer import Answer, Headers, answer_with
from service.http.bodies import BodyReader, FormBody, JsonBody
from service.serving.work import Work

Plan = TypeVar("Plan", bound=Callable[..., Any])

JSON = "application/json"
# A tag changes when the model is replaced. So a cache may keep an answer for ever, but has to ask
# each time whether it is current.
CACHE_CONTROL = b"public, no-cache"
IF_NONE_MATCH = "Entity tags that the client holds; where one is current the answer is 304."


@dataclass(frozen=True)
class Answers:
    """What an operation answers when all is well: its media type, and what the document says of it.

    `schema` is that of JSON. `is_kept` says that the answer depends on the model and the address
    alone: it has an entity tag.
    """

    media_type: str
    description: str
    schema: type[BaseModel] | None = None
    example: object = None
    is_kept: bool = False
    content_type: str | None = None  # where it says more than the media type

    def of(self, result: Any, work: Work[Any] | None = None) -> Answer:
        """The answer that holds `result`, which `work` computed if there was any."""
        content = result if isinstance(result, bytes) else result.model_dump_json().encode()
        content_type = self.content_type or self.media_type
        if work is None:
            return answer_with(200, content, content_type, [])
        return answer_of_work(work, content, content_type)


@dataclass(frozen=True)
class Wrong:
    """A wrong request, and the problem it gets. Braces in texts hold the names of settings.

    `request` is the parts of the request that differ from the right example: `json`, `content`,
    `headers`, `params`, `path`, `files` (names of samples), `data`. None: no request alone
    brings this about.
    """

    detail: str
    pointer: str | None = None
    fault: str | None = None  # None: the detail again
    request: dict[str, Any] | None = None


@dataclass(eq=False)
class Operation:
    """One operation: what it reads, its plan, what it answers, and what the document says of it."""

    method: Literal["GET", "POST"]
    path: str
    answers: Answers
    summary: str = ""
    limits: str | None = None  # in words; braces hold the names of settings
    example: Mapping[str, Any] = field(default_factory=dict)  # parameters by name, or the body
    wrong: Mapping[int, Wrong] = field(default_factory=dict)  # an example of each error status
    error_descriptions: Mapping[int, str] = field(default_factory=dict)
    body_reader: BodyReader | None = None  # unless it follows from the plan's parameters
    allows_any_query: bool = False
    is_open: bool = False  # to requests without the API key

    plan: Callable[..., Any] = field(init=False)
    name: str = field(init=False)  # what generated clients call their methods
    schemas: Mapping[str, Any] = field(init=False)  # of what the plan reads, by its parameters
    names_model: bool = field(init=False)  # in headers: the answer is computed by a model
    pattern: re.Pattern[str] = field(init=False)

    def bind(self, plan: Callable[..., Any], prefix: str) -> None:
        """Complete the declaration by its plan and its router's prefix."""
        self.path = prefix + self.path
        self.plan = plan
        self.name = plan.__name__
        self.schemas = get_type_hints(plan)
        returned = self.schemas["return"]
        self.names_model = (get_origin(returned) or returned) is Work
        self.pattern = compile_path(self.path)[0]
        if "form" in self.schemas:
            self.body_reader = FormBody(self.schemas["form"])
        elif "body" in self.schemas and self.body_reader is None:
            self.body_reader = JsonBody(self.schemas["body"])
        # FastAPI reads the parameters of the address from here, for the document.
        self.__signature__ = _signature(self)

    @property
    def body_schema(self) -> type[BaseModel] | None:
        """That of JSON or a form; None for a file, which has no fields."""
        schema = self.schemas.get("body") or self.schemas.get("form")
        return None if schema is bytes else schema

    def __call__(self, **_: object) -> NoReturn:
        """FastAPI only documents operations."""
        raise TypeError(f"the pipeline answers {self.method} {self.path}")


class OperationRouter(APIRouter):
    def __init__(self, tag: str = "", prefix: str = "", is_documented: bool = True) -> None:
        super().__init__(prefix=prefix, include_in_schema=is_documented)
        self.operations = list[Operation]()
        self._tags: list[str | Enum] | None = [tag] if tag else None

    def plan(self, operation: Operation) -> Callable[[Plan], Plan]:
        """Declare the operation that the decorated function plans."""

        def bind(plan: Plan) -> Plan:
            path = operation.path
            operation.bind(plan, self.prefix)
            self.operations.append(operation)
            self.add_api_route(
                path,
                operation,
                methods=[operation.method],
                name=operation.name,
                tags=self._tags,
                summary=operation.summary,
                description=inspect.cleandoc(plan.__doc__ or ""),
                response_model=operation.answers.schema,
            )
            return plan

        return bind


def answer_of_work(
    work: Work[Any], content: bytes, content_type: str, *more: tuple[bytes, bytes]
) -> Answer:
    """The answer with this content, and headers that name its model and let caches keep it."""
    manifest = work.artifact.manifest
    headers = [
        (b"atlas-model", manifest.name.encode()),
        (b"atlas-model-version", b"%d" % manifest.version),
        *more,
    ]
    if work.key:
        headers += cache_headers(work.key)
    return answer_with(200, content, content_type, headers, work.artifact)


def cache_headers(tag: str) -> Headers:
    """What lets browsers and proxies keep an answer."""
    return [(b"etag", tag.encode()), (b"cache-control", CACHE_CONTROL)]


def _signature(operation: Operation) -> inspect.Signature:
    parameters: dict[str, Any] = {}
    if path_schema := operation.schemas.get("path"):
        for name, info in path_schema.model_fields.items():
            # Limits in the path are documented only: beyond them there is nothing, a 404.
            extra = info.json_schema_extra
            declared = Path(description=info.description, json_schema_extra=extra)
            parameters[name] = Annotated[info.annotation, declared]
    if query_schema := operation.schemas.get("query"):
        parameters["query"] = Annotated[query_schema, Query()]
    if operation.answers.is_kept:
        header = Header(alias="if-none-match", description=IF_NONE_MATCH)
        parameters["if_none_match"] = Annotated[str | None, header]
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                kind,
                annotation=annotation,
                default=None if name == "if_none_match" else inspect.Parameter.empty,
            )
            for name, annotation in parameters.items()
        ]
    )
