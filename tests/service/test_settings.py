import pytest
from pydantic import ValidationError

from service.settings import Settings


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_PORT", "9001")
    monkeypatch.setenv("ATLAS_MAX_TILES", "25")

    settings = Settings()

    assert (settings.port, settings.max_tiles) == (9001, 25)


@pytest.mark.parametrize(("name", "value"), [("PORT", "high"), ("MAX_TILES", "0")])
def test_wrong_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"ATLAS_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_every_setting_is_explained() -> None:
    assert all(field.description for field in Settings.model_fields.values())


@pytest.mark.parametrize("origin", ["a.example", "https://a.example/", "https://a.example/b"])
def test_origin_that_no_browser_sends_is_refused(
    monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    monkeypatch.setenv("ATLAS_CORS_ORIGINS", f'["{origin}"]')

    with pytest.raises(ValidationError, match="cors_origins"):
        Settings()


@pytest.mark.parametrize("address", ["a.example", "ftp://a.example", "https://a/?b", "http:///a"])
def test_public_address_that_cannot_begin_a_link_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("ATLAS_PUBLIC_URL", address)

    with pytest.raises(ValidationError, match="public_url"):
        Settings()


def test_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_API_KEY", "k3y")

    assert "k3y" not in repr(Settings())
