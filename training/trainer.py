"""The training loop, with a checkpoint in the run's folder after each epoch."""

import json
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.contrib.logging import logging_redirect_tqdm

from service.artifact.arrays import Levels
from training.checkpoint import Checkpoint, save_checkpoint
from training.config import Config
from training.data.images import Indices, TrainingData
from training.device import deterministic
from training.errors import CheckpointError, LossNotFinite
from training.files import write_whole
from training.losses import training_terms
from training.models import Autoencoder
from training.optimizer import build_optimizer, build_scheduler
from training.progress import Progress

HISTORY_FILE = "history.json"
VALIDATION_BATCH_SIZE = 1000  # images; bounds memory


class Trainer:
    """One run. `history` holds one record of named numbers per finished epoch."""

    def __init__(
        self,
        model: Autoencoder,
        config: Config,
        data: TrainingData,
        device: torch.device,
        run_folder: Path,
    ) -> None:
        self.config = config
        self.data = data
        self.device = device
        self.run_folder = run_folder
        self.model = model.to(device)
        self.images = data.training.pixels
        self.validation_images = data.validation.pixels
        self.steps_per_epoch = math.ceil(len(self.images) / config.training.batch_size)
        self.optimizer = build_optimizer(self.model, config)
        self.scheduler = build_scheduler(self.optimizer, config, self.steps_per_epoch)
        self.generator = torch.Generator().manual_seed(config.seed)
        self.history: list[dict[str, float]] = []

    def fit(self) -> None:
        """Train from where `history` ends to the config's last epoch.

        Raises LossNotFinite and NotWritable. A KeyboardInterrupt passes through. All leave the
        checkpoint of the last complete epoch.
        """
        epochs, done = self.config.training.epochs, len(self.history)
        progress = Progress(self.config.name, epochs, self.steps_per_epoch, done)
        with deterministic(self.device), logging_redirect_tqdm(), progress:
            for epoch in range(done + 1, epochs + 1):
                started = time.perf_counter()
                record: dict[str, float] = {
                    "epoch": epoch,
                    "learning_rate": float(self.scheduler.get_last_lr()[0]),
                    **_prefixed("training", self._train(epoch, progress)),
                    **_prefixed("validation", self._validate(epoch)),
                    "seconds": time.perf_counter() - started,
                }
                history = [*self.history, record]
                save_checkpoint(self._checkpoint(history), self.run_folder)
                self.history = history  # now that it can be continued from
                write_whole(self.run_folder / HISTORY_FILE, json.dumps(history, indent=1).encode())
                progress.log(_epoch_line(record, epochs, progress.time_left))

    @property
    def checkpoint_bytes(self) -> int:
        """The size of a checkpoint, roughly: the weights, and Adam's two moments of each."""
        return 3 * sum(weight.nbytes for weight in self.model.parameters()) + 2**20

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from the checkpoint's last epoch. Raises CheckpointError."""
        if checkpoint.config != self.config:
            raise CheckpointError("a run with another config wrote this checkpoint")
        if checkpoint.dataset_digest != self.data.digest:
            raise CheckpointError(
                f"expected the images the run started with, digest {checkpoint.dataset_digest}, "
                f"found {self.data.digest}"
            )
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.scheduler.load_state_dict(checkpoint.scheduler)
        self.generator.set_state(checkpoint.generator)
        self.history = list(checkpoint.history)

    def _train(self, epoch: int, progress: Progress) -> dict[str, float]:
        self.model.train()
        totals: dict[str, float] = {}
        order = torch.randperm(len(self.images), generator=self.generator).numpy()
        for step, rows in enumerate(_batches(order, self.config.training.batch_size), start=1):
            images = self._load(self.images[rows])  # [B, C, H, W] in 0..1
            terms = self._terms(images, self.generator, self.config.training.noise_std)
            values = {name: term.item() for name, term in terms.items()}
            self._check_finite(values["loss"], epoch, step)
            self._update(terms["loss"])
            _add(totals, values, len(images) / len(self.images))
            progress.advance(epoch, step, values)
        return totals

    def _terms(
        self, images: Tensor, generator: torch.Generator, noise_std: float
    ) -> dict[str, Tensor]:
        penalty = self.config.training.code_penalty
        return training_terms(self.model, images, generator, noise_std, penalty)

    def _update(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.config.training.clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.training.clip_norm)
        self.optimizer.step()
        self.scheduler.step()

    @torch.inference_mode()
    def _validate(self, epoch: int) -> dict[str, float]:
        # Its own generator, so that validation cannot change training.
        generator = torch.Generator().manual_seed(self.config.seed + epoch)
        self.model.eval()
        totals: dict[str, float] = {}
        rows = np.arange(len(self.validation_images))
        for batch in _batches(rows, VALIDATION_BATCH_SIZE):
            images = self._load(self.validation_images[batch])
            terms = self._terms(images, generator, self.config.task_noise_std)
            values = {name: term.item() for name, term in terms.items()}
            _add(totals, values, len(images) / len(self.validation_images))
        return totals

    def _load(self, levels: Levels) -> Tensor:
        # Sent as bytes, a quarter of the floats' size.
        return torch.from_numpy(levels).to(self.device).float() / 255

    def _check_finite(self, loss: float, epoch: int, step: int) -> None:
        if not math.isfinite(loss):
            raise LossNotFinite(
                f"epoch {epoch}, step {step} of {self.steps_per_epoch}: expected a finite loss, "
                f"found {loss}; config: {self.config.model_dump_json()}"
            )

    def _checkpoint(self, history: list[dict[str, float]]) -> Checkpoint:
        return Checkpoint(
            config=self.config,
            dataset_digest=self.data.digest,
            image_shape=self.data.image_shape,
            history=history,
            model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(),
            scheduler=self.scheduler.state_dict(),
            generator=self.generator.get_state(),
        )


def _batches(rows: Indices, size: int) -> Iterator[Indices]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _prefixed(part: str, terms: Mapping[str, float]) -> dict[str, float]:
    return {f"{part}_{name}": value for name, value in terms.items()}


def _add(totals: dict[str, float], values: Mapping[str, float], share: float) -> None:
    for name, value in values.items():
        totals[name] = totals.get(name, 0.0) + share * value


def _epoch_line(record: Mapping[str, float], epochs: int, time_left: str) -> str:
    terms = [
        f"{name.replace('_', ' ')} {value:.2f}"
        for name, value in record.items()
        if name.startswith(("training_", "validation_"))
    ]
    times = f"{record['seconds']:.1f} s, {time_left} left"
    return f"epoch {record['epoch']}/{epochs}: {', '.join(terms)} ({times})"
