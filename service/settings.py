"""Every setting of the service, read from the environment with the prefix ATLAS_."""

import json
import re
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "ATLAS_"
EMBEDDED_REPOSITORY = Path(__file__).parent / "model_repository"

T = TypeVar("T")


def _matching(pattern: str, expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


def _split(value: object) -> object:
    """The parts of `a, b` or of the JSON list `["a", "b"]`."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return json.loads(value)
    except ValueError as exc:
        raise ValueError("a JSON list, or its parts with commas between them") from exc


def _sendable(key: SecretStr) -> SecretStr:
    """The key without blanks around it: files of secrets end with a newline.

    No client can send such blanks: they are not part of a header's value (RFC 9110, 5.5).
    """
    text = key.get_secret_value()
    stripped = text.strip()
    if text and not stripped:
        raise ValueError("a key that is not blank; without the variable none is asked for")
    if not stripped.isprintable():
        raise ValueError("a key on one line, of characters that can be printed")
    return SecretStr(stripped)


Count = Annotated[int, Field(ge=1)]
Address = Annotated[
    str, _matching(r"(https?://[^\s/?#]+(/[^\s?#]*)?)?", "an http or https address without a query")
]
HostName = Annotated[
    str, _matching(r"\*|[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", "hosts without scheme and port, or *")
]
Origin = Annotated[
    str, _matching(r"\*|https?://[^/\s]+", "origins, each a scheme and a host without a path, or *")
]
Listed = Annotated[tuple[T, ...], BeforeValidator(_split)]
Key = Annotated[SecretStr, AfterValidator(_sendable)]


class Settings(BaseSettings):
    """Frozen for the life of an app. An empty variable counts as unset.

    A setting whose default is None or empty has `examples`, for the message about a wrong value.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        enable_decoding=False,  # `Listed` reads lists
        frozen=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged."
    )
    log_format: Literal["auto", "json", "text"] = Field(
        "auto", description="json: one object a line; text: for people; auto: text on a terminal."
    )
    shutdown_grace_seconds: int = Field(
        20, ge=0, description="Time that requests in flight have to finish after SIGTERM."
    )
    api_key: Key | None = Field(
        None, description="Key that clients send in X-API-Key; unset or empty: none is asked for."
    )
    cors_origins: Listed[Origin] = Field(
        (),
        description="Origins whose pages may call, with commas between them; `*`: all.",
        examples=["https://a.example"],
    )
    allowed_hosts: Listed[HostName] = Field(
        (),
        description="Hosts that requests may name, besides local ones and ATLAS_PUBLIC_URL's, with "
        "commas between them; `*`: any. Unset: only these on loopback, elsewhere any.",
        examples=["atlas.example"],
    )
    public_url: Address | None = Field(
        None,
        description="Address at which clients reach the service, for links in answers and the "
        "OpenAPI document; unset: as the request names it.",
        examples=["https://atlas.example"],
    )
    model_repository: Path = Field(
        EMBEDDED_REPOSITORY, description="Folder of artifacts, <model>/<version>/."
    )
    default_model: str = Field("vae", description="Model that answers when a request names none.")
    runtime: Literal["auto", "onnx", "torchscript"] = Field(
        "auto", description="onnx or torchscript; auto: ONNX where a version has it."
    )
    workers: Count | None = Field(
        None,
        description="Processes; unset: one for each CPU of the quota, at most 4.",
        examples=[2],
    )
    inference_places: Count | None = Field(
        None,
        description="Large requests computed at once in a process; unset: its share of the CPUs.",
        examples=[1],
    )
    inference_queue: int = Field(
        256, ge=0, description="Requests that may wait for a place in a process; beyond it: 503."
    )
    cache_bytes: int = Field(
        32 * 2**20,
        ge=0,
        description="Most bytes of pictures that a process keeps; 0: every one is drawn.",
    )
    keep_alive_seconds: Count = Field(
        75, description="Time that an idle connection stays open; longer than in any front."
    )
    receive_timeout_seconds: Count = Field(
        10, description="Time for the head of a request, and for each next part of its body."
    )
    send_timeout_seconds: Count = Field(
        30, description="Time that an answer may wait until its client reads on."
    )
    max_unsent_bytes: Count = Field(
        128 * 2**20,
        description="Most bytes of unread answers in a process; beyond it: 503.",
    )
    max_connections: Count = Field(
        4096,
        description="Most connections of a process; fewer where it may open fewer files.",
    )
    retry_after_seconds: Count = Field(1, description="Retry-After of a 503 answer.")
    max_body_bytes: Count = Field(8 * 2**20, description="Largest request body in bytes.")
    max_picture_pixels: Count = Field(
        4096 * 4096, description="Largest width x height of an uploaded picture."
    )
    max_request_pixels: Count = Field(
        4 * 4096 * 4096,
        description="Largest sum of width x height over the uploaded pictures of one request.",
    )
    max_images: Count = Field(256, description="Most images in one request.")
    max_latents: Count = Field(4096, description="Most latent points in one request.")
    max_tiles: Count = Field(128 * 128, description="Most tiles (rows x columns) in a mosaic.")
    max_scale: Count = Field(16, description="Largest enlargement of a mosaic.")
    max_output_pixels: Count = Field(
        4096 * 4096, description="Largest width x height of a mosaic in pixels."
    )
    max_output_numbers: Count = Field(
        2**20, description="Most pixel values in one answer of /decode/pixels."
    )

    @property
    def has_api_key(self) -> bool:
        return self.api_key is not None and self.api_key.get_secret_value() != ""
