"""The errors that training raises on purpose.

TrainingError
├── ConfigError
├── DataError
├── LossNotFinite
├── CheckpointError
├── NotWritable
├── NotPublishable
├── ExportMismatch
└── NotComparable
"""


class TrainingError(Exception):
    """Base of them all."""


class ConfigError(TrainingError):
    """A preset, a TOML value or an override is wrong, or contradicts another one or the data."""


class DataError(TrainingError):
    """A file of images or labels is missing, damaged or does not fit the others."""


class LossNotFinite(TrainingError):
    """The loss of a step is NaN or infinite."""


class CheckpointError(TrainingError):
    """A checkpoint is missing, unreadable or from another run."""


class NotWritable(TrainingError):
    """A file of a run or a report cannot be written: the disk is full, or the folder read-only."""


class NotPublishable(TrainingError):
    """The model cannot be described in a manifest, for example because its codes collapsed."""


class ExportMismatch(TrainingError):
    """The exported model does not compute what the trained one does."""


class NotComparable(TrainingError):
    """Too few artifacts to compare, or artifacts for images of different sizes."""
