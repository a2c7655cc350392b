"""Every setting of the service, read from the environment with the prefix ATLAS_."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

EMBEDDED_REPOSITORY = Path(__file__).parent / "model_repository"

Count = Annotated[int, Field(ge=1)]
Address = Annotated[str, Field(pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")]


class Settings(BaseSettings):
    """Frozen for the life of an app. A wrong value stops the start and is named."""

    model_config = SettingsConfigDict(env_prefix="ATLAS_", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged."
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="One JSON object a line, or text for people."
    )
    shutdown_grace_seconds: int = Field(
        20, ge=0, description="Time that requests in flight have to finish after SIGTERM."
    )
    api_key: SecretStr | None = Field(
        None, description="Key that clients send in X-API-Key; unset or empty: none is asked for."
    )
    cors_origins: tuple[Origin, ...] = Field(
        (), description='Origins whose pages may call, `["https://a.example"]` or `["*"]`.'
    )
    public_url: Address | None = Field(
        None,
        description="Address at which clients reach the service, for links in answers; unset: as "
        "the request names it.",
    )
    model_repository: Path = Field(
        EMBEDDED_REPOSITORY, description="Folder of artifacts, <model>/<version>/."
    )
    default_model: str = Field("vae", description="Model that answers when a request names none.")
    workers: Count | None = Field(
        None, description="Processes; unset: one for each CPU of the quota, at most 4."
    )
    inference_places: Count | None = Field(
        None,
        description="Large requests computed at once in a process; unset: its share of the CPUs.",
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
