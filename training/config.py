"""The configuration of a run: the defaults here, a preset in configs/*.toml, overrides.

The defaults are the course's values; a preset holds only what differs from them.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors import ConfigError

Kind = Literal["ae", "dae", "vae"]
Preset = Literal["default", "lab"]
Width = Annotated[int, Field(ge=1, le=65536)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Section(BaseModel):
    """Base of all sections: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class ModelSection(Section):
    """The network. Hidden sizes are in the order of the layers."""

    latent_dim: Annotated[int, Field(ge=1, le=64)] = 2
    encoder_hidden: tuple[Width, ...] = ()
    decoder_hidden: tuple[Width, ...] = ()
    activation: Literal["relu", "silu", "gelu", "tanh"] = "relu"
    layer_norm: bool = False
    fourier_features: Annotated[int, Field(ge=0, le=65536)] = 0  # number of sines of z
    fourier_scale: Positive = 1.0  # standard deviation of their initial frequencies, radians
    log_variance_bounds: tuple[()] | tuple[Finite, Finite] = ()  # lower, upper; empty: none


class TrainingSection(Section):
    epochs: Annotated[int, Field(ge=1)] = 10
    batch_size: Annotated[int, Field(ge=1)] = 256
    optimizer: Literal["adam", "adamw"] = "adam"
    schedule: Literal["constant", "one-cycle"] = "constant"
    learning_rate: Positive = 1e-3  # the peak, with one-cycle
    weight_decay: NotNegative = 0.0
    clip_norm: NotNegative = 0.0  # largest norm of the gradients; 0: no limit
    code_penalty: NotNegative = 0.0  # weight of the codes' squared length, for ae and dae
    noise_std: NotNegative = 0.0  # of the encoder's input noise; pixels are in 0..1


class DataSection(Section):
    """How pictures are prepared, and what is set aside where the data do not come split.

    Numbers of images win over shares.
    """

    size: Annotated[int, Field(ge=1, le=1024)] | None = None  # pixels a side; none: most common
    channels: Literal["grey", "colour"] | None = None
    held_out_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    held_out_images: Annotated[int, Field(ge=1)] | None = None
    # None: 5 %, or as in its published figures a twelfth of Fashion-MNIST.
    validation_share: Annotated[float, Field(ge=0, lt=1)] | None = None
    validation_images: Annotated[int, Field(ge=0)] | None = None


class ExportSection(Section):
    standardise: bool = False  # give training codes zero mean and unit covariance
    reference_images: Annotated[int, Field(ge=2)] = 3000  # at most, from the held-out images


class Config(Section):
    """One run. The same config, data and machine give the same weights."""

    kind: Kind
    preset: Preset
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    model: ModelSection = ModelSection()
    training: TrainingSection = TrainingSection()
    data: DataSection = DataSection()
    export: ExportSection = ExportSection()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        bounds = self.model.log_variance_bounds
        if self.kind != "vae" and bounds:
            raise ValueError(f"model.log_variance_bounds is for kind vae, not {self.kind}")
        if bounds and not bounds[0] < bounds[1]:
            raise ValueError(f"model.log_variance_bounds: expected lower < upper, found {bounds}")
        if self.kind == "vae" and self.export.standardise:
            raise ValueError("export.standardise is for ae and dae: a vae's prior sets its scale")
        if self.kind == "dae" and not self.training.noise_std > 0:
            raise ValueError("training.noise_std: expected > 0 for dae, found 0")
        if self.kind == "vae" and self.training.code_penalty > 0:
            raise ValueError("training.code_penalty is for ae and dae: a vae has a prior instead")
        return self

    @property
    def task_noise_std(self) -> float:
        """The noise to evaluate with: a DAE's. For other kinds noise only regularises training."""
        return self.training.noise_std if self.kind == "dae" else 0.0


def load_config(kind: str, preset: str, overrides: Iterable[str] = ()) -> Config:
    """A preset with overrides `section.key=value` in TOML syntax; the last one wins.

    Without an override the model's name is the kind, or `<kind>-lab`. Raises ConfigError.
    """
    for value, choices in ((kind, get_args(Kind)), (preset, get_args(Preset))):
        if value not in choices:
            raise ConfigError(f"{value!r}: expected one of {', '.join(choices)}")
    values: dict[str, Any] = {"kind": kind, "preset": preset}
    values["name"] = kind if preset == "default" else f"{kind}-{preset}"
    file = resources.files("training") / "configs" / f"{kind}-{preset}.toml"
    _merge(values, tomllib.loads(file.read_text()))
    for override in overrides:
        _merge(values, _parse_override(override))
    if (values["kind"], values["preset"]) != (kind, preset):
        raise ConfigError("kind and preset cannot be overridden; use the argument and --preset")
    return parse_config(json.dumps(values, default=str))


def parse_config(text: str) -> Config:
    """The config in a checkpoint's or manifest's JSON. Raises ConfigError."""
    try:
        return Config.model_validate_json(text)
    except ValidationError as exc:
        raise _wrong(exc) from exc


def parse_data_section(values: Mapping[str, Any]) -> DataSection:
    """The section `data` of a config. Raises ConfigError."""
    try:
        return DataSection.model_validate(values)
    except ValidationError as exc:
        raise _wrong(exc, "data") from exc


def _wrong(exc: ValidationError, *above: str) -> ConfigError:
    first = exc.errors(include_url=False)[0]
    place = ".".join(map(str, (*above, *first["loc"])))
    found = "" if not place else f" (found {first['input']!r})"
    return ConfigError(f"{place or 'config'}: {first['msg']}{found}")


def _parse_override(override: str) -> dict[str, Any]:
    try:
        return tomllib.loads(override)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(
            f"{override!r}: expected section.key=value in TOML syntax, such as "
            f'training.epochs=3 or training.schedule="constant": {exc}'
        ) from exc


def _merge(values: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value
