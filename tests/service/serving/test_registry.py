import logging
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from service.artifact.contract import Artifact
from service.errors import ModelUnavailable, ModelUnknown, NotReady, RepositoryUnusable
from service.serving import registry as registry_module
from service.serving.registry import Registry
from tests import tiny


def test_highest_version_is_served(tmp_path: Path) -> None:
    for _ in range(2):
        tiny.publish(tmp_path)
    registry = Registry(tmp_path, "vae")

    registry.load()

    registry.require_ready()
    assert registry.get(None).manifest.version == 2


def test_model_is_unavailable_until_it_is_loaded(repository: Path) -> None:
    registry = Registry(repository, "vae")

    with pytest.raises(ModelUnavailable, match="still loading"):
        registry.get("ae")
    with pytest.raises(NotReady) as caught:
        registry.require_ready()

    assert [fault.pointer for fault in caught.value.faults] == ["/models/ae", "/models/vae"]


def test_unknown_model_is_refused(repository: Path) -> None:
    registry = Registry(repository, "vae")
    registry.load()

    for name in ("nope", "", "..", "vae/1"):
        with pytest.raises(ModelUnknown):
            registry.get(name)


def test_broken_model_is_told_of_and_leaves_the_others_served(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny.publish(tmp_path, "vae")
    (tiny.publish(tmp_path, "ae") / "model.pt").write_bytes(b"")
    registry = Registry(tmp_path, "vae")

    with caplog.at_level(logging.ERROR):
        registry.load()

    assert registry.get("vae").manifest.name == "vae"
    with pytest.raises(ModelUnavailable, match="failed to load"):
        registry.get("ae")
    with pytest.raises(NotReady) as caught:
        registry.require_ready()
    assert caught.value.faults[0].pointer == "/models/ae"
    assert "model.pt" in registry.failures["ae"]
    assert "model.pt" in caplog.text


class OnlySmallBatches(tiny.TinyAutoencoder):
    """A model that reproduces the golden vectors but fails on larger batches."""

    @torch.jit.export
    def decode(self, latents: Tensor) -> Tensor:
        assert len(latents) < 16
        pixels = torch.sigmoid(self.decoder(latents))
        return pixels.reshape(-1, 1, self.height, self.width)


def test_model_that_fails_on_another_batch_size_leaves_the_others_served(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")
    model = OnlySmallBatches().eval()
    description = tiny.describe(model, "ae", kind="ae")
    tiny.write(tmp_path, model, description, {"model.pt": tiny.torchscript(model)})
    registry = Registry(tmp_path, "vae")

    registry.load()

    assert list(registry.artifacts) == ["vae"]
    assert "batch of 16" in registry.failures["ae"]


def test_what_is_not_a_model_is_passed_over(tmp_path: Path) -> None:
    tiny.publish(tmp_path)
    (tmp_path / "README.md").write_text("notes")
    (tmp_path / "empty").mkdir()
    (tmp_path / "Not A Name").mkdir()
    (tmp_path / "vae" / "0").mkdir()
    (tmp_path / "vae" / "notes").mkdir()
    registry = Registry(tmp_path, "vae")

    registry.load()

    assert list(registry.artifacts) == ["vae"]


@pytest.mark.parametrize("make", [lambda _: None, lambda path: path.mkdir()])
def test_repository_without_models_is_refused(tmp_path: Path, make: object) -> None:
    make(tmp_path / "repository")  # type: ignore[operator]

    with pytest.raises(RepositoryUnusable, match='ATLAS_MODEL_REPOSITORY is ".*repository"'):
        Registry(tmp_path / "repository", "vae")


def test_missing_default_model_is_refused(repository: Path) -> None:
    with pytest.raises(RepositoryUnusable, match='"beta-vae": .*found ae, vae'):
        Registry(repository, "beta-vae")


def test_reload_serves_new_versions_and_models_and_drops_removed_ones(tmp_path: Path) -> None:
    tiny.publish(tmp_path, "vae")
    tiny.publish(tmp_path, "old")
    registry = Registry(tmp_path, "vae")
    registry.load()

    before = registry.get("vae")
    tiny.publish(tmp_path, "vae", seed=2)
    tiny.publish(tmp_path, "new")
    shutil.rmtree(tmp_path / "old")
    registry.load()

    assert (before.manifest.version, registry.get("vae").manifest.version) == (1, 2)
    assert list(registry.artifacts) == ["new", "vae"]
    with pytest.raises(ModelUnknown):
        registry.get("old")


def test_reload_leaves_what_has_not_changed(tmp_path: Path) -> None:
    tiny.publish(tmp_path)
    registry = Registry(tmp_path, "vae")
    registry.load()

    before = registry.get("vae")
    registry.load()

    assert registry.get("vae") is before


def test_failed_reload_keeps_the_old_version_and_readiness(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tiny.publish(tmp_path)
    registry = Registry(tmp_path, "vae")
    registry.load()

    (tiny.publish(tmp_path) / "model.pt").write_bytes(b"cut")
    (tiny.publish(tmp_path, "new") / "model.pt").write_bytes(b"cut")
    registry.load()

    registry.require_ready()
    assert registry.get("vae").manifest.version == 1
    assert "model.pt" in registry.failures["vae"]
    assert "version 1 stays served" in caplog.text
    with pytest.raises(ModelUnavailable, match="failed to load"):
        registry.get("new")


def test_reload_after_the_mending_clears_the_failure(tmp_path: Path) -> None:
    tiny.publish(tmp_path)
    registry = Registry(tmp_path, "vae")
    registry.load()
    broken = tiny.publish(tmp_path)
    content = (broken / "model.pt").read_bytes()
    (broken / "model.pt").write_bytes(b"cut")
    registry.load()

    (broken / "model.pt").write_bytes(content)
    registry.load()

    assert (registry.get("vae").manifest.version, registry.failures) == (2, {})


def test_removing_the_newest_version_goes_back_to_the_one_before(tmp_path: Path) -> None:
    tiny.publish(tmp_path)
    newest = tiny.publish(tmp_path)
    registry = Registry(tmp_path, "vae")
    registry.load()

    shutil.rmtree(newest)
    registry.load()

    assert registry.get("vae").manifest.version == 1


@pytest.mark.parametrize("gone", ["vae", ""])
def test_default_model_is_never_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, gone: str
) -> None:
    for name in ("ae", "vae"):
        tiny.publish(tmp_path, name)
    registry = Registry(tmp_path, "vae")
    registry.load()

    shutil.rmtree(tmp_path / gone)
    registry.load()

    assert list(registry.artifacts) == ["ae", "vae"]
    assert list(registry.failures) == ["vae"]
    assert "version 1 stays served" in caplog.text


def test_model_that_raises_anything_leaves_the_others_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.publish(tmp_path, "ae")
    tiny.publish(tmp_path, "vae")

    def raise_for_ae(artifact: Artifact) -> None:
        assert artifact.manifest.name != "ae"

    monkeypatch.setattr(registry_module, "warm_up", raise_for_ae)
    registry = Registry(tmp_path, "vae")
    registry.load()

    assert list(registry.artifacts) == ["vae"]
    assert "AssertionError" in registry.failures["ae"]
