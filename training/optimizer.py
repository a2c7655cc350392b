"""Builds the config's optimizer and learning-rate schedule."""

import torch
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR

from training.config import Config
from training.models import Autoencoder


def build_optimizer(model: Autoencoder, config: Config) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015) or AdamW (Loshchilov & Hutter 2019)."""
    training = config.training
    build = torch.optim.Adam if training.optimizer == "adam" else torch.optim.AdamW
    return build(
        model.parameters(),
        lr=training.learning_rate,
        weight_decay=training.weight_decay,
        fused=True,  # one pass over the weights instead of a dozen
    )


def build_scheduler(
    optimizer: torch.optim.Optimizer, config: Config, steps_per_epoch: int
) -> LRScheduler:
    """One learning rate per step: constant, or one cycle over the run (Smith & Topin 2018)."""
    if config.training.schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    return OneCycleLR(
        optimizer,
        max_lr=config.training.learning_rate,
        total_steps=config.training.epochs * steps_per_epoch,
        pct_start=0.3,
    )
