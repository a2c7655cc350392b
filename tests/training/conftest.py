"""Data for a session, and one finished run of each kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.training.tiny import make_trainer, tiny_config, write_data
from training.checkpoint import Checkpoint, load_checkpoint


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Tiny matrices are slower on more threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four good files of 8 x 8 images. Do not change them."""
    return write_data(tmp_path_factory.mktemp("squares"))


@pytest.fixture
def own_data_dir(tmp_path: Path) -> Path:
    """Four good files of the test's own."""
    return write_data(tmp_path / "pictures")


@pytest.fixture(scope="session", params=["vae", "ae", "dae"])
def checkpoint(
    request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    """The end of a two-epoch run of each kind."""
    run_folder = tmp_path_factory.mktemp(request.param)
    make_trainer(tiny_config(request.param), data_dir, run_folder).fit()
    return load_checkpoint(run_folder)


@pytest.fixture(scope="session")
def vae_checkpoint(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """The end of a two-epoch run of a VAE."""
    run_folder = tmp_path_factory.mktemp("only-vae")
    make_trainer(tiny_config("vae"), data_dir, run_folder).fit()
    return load_checkpoint(run_folder)
