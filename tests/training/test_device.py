import pytest
import torch

from tests.training.tiny import tiny_config
from training.device import choose_device, deterministic
from training.errors import ConfigError
from training.models import build_model


def test_unknown_device_is_refused() -> None:
    with pytest.raises(ConfigError, match="'abacus'"):
        choose_device("abacus")


def test_auto_device_works() -> None:
    device = choose_device("auto")

    model = build_model(tiny_config("ae"), (8, 8)).to(device)

    assert model.logits(torch.zeros(1, 2, device=device)).shape == (1, 1, 8, 8)


def test_deterministic_mode_is_for_cuda_and_ends_with_the_block() -> None:
    with deterministic(torch.device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()

    assert not torch.are_deterministic_algorithms_enabled()
