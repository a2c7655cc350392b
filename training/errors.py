"""Everything that can go wrong in training on purpose, as one tree. It knows no exit codes.

TrainingError
├── ConfigError        a preset, a TOML value or an override is wrong, or two of them disagree
├── DataError          an IDX file is missing, damaged, of another kind, or disagrees with its twin
├── LossNotFinite      the loss became NaN or infinite; names epoch, step and config
├── CheckpointError    a checkpoint is missing, unreadable or of another run
├── NotPublishable     a trained model has no valid description, such as a collapsed latent space
├── ExportMismatch     the exported model does not compute what the trained one does
└── NotComparable      artifacts cannot be compared, such as those of other picture sizes
"""


class TrainingError(Exception):
    """Base of all errors that training raises on purpose."""


class ConfigError(TrainingError):
    """The configuration is unknown, malformed or contradicts itself or the data."""


class DataError(TrainingError):
    """The images or labels cannot be had or cannot be trusted; the message names the file."""


class LossNotFinite(TrainingError):
    """The loss of a step is NaN or infinite."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be continued or exported."""


class NotPublishable(TrainingError):
    """The model was trained, but what the manifest must say of it is not valid."""


class ExportMismatch(TrainingError):
    """The reloaded TorchScript model and the trained model answer differently."""


class NotComparable(TrainingError):
    """Too few artifacts, or artifacts of pictures of different sizes."""
