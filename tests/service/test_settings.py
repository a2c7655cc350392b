import os

import pytest

from service.environment import read_settings, unknown_settings
from service.errors import SettingWrong
from service.settings import PREFIX, Settings

WRONG = {
    "PORT": ["high", "8000x", "70000", "-1", "1.5", "tcp://10.0.0.1:80"],
    "MAX_TILES": ["0", "many"],
    "WORKERS": ["0", "two"],
    "LOG_LEVEL": ["loud"],
    "LOG_FORMAT": ["xml"],
    "PUBLIC_URL": ["a.example", "ftp://a.example", "https://a/?b", "http:///a"],
    "CORS_ORIGINS": [
        "a.example",
        "https://a.example/",
        "https://a.example/b",
        "https://a.example,b.example",
        '["https://a.example/"]',
        '["https://a.example", 3]',
        '["https://a.example"',
    ],
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


def refusal() -> str:
    """What is said about the settings of the environment."""
    with pytest.raises(SettingWrong) as raised:
        read_settings()
    return str(raised.value)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_PORT", "9001")
    monkeypatch.setenv("ATLAS_MAX_TILES", "25")

    settings = read_settings()

    assert (settings.port, settings.max_tiles) == (9001, 25)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_wrong_value_gets_one_line_with_its_variable_and_a_right_one(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"ATLAS_{name}", value)

    line = refusal()

    assert line.startswith(f"ATLAS_{name} is ")
    assert "\n" not in line
    assert not {"pydantic", "Input", "validation", "http://errors"} & set(line.split())
    _, _, example = line.rpartition(f"; for example ATLAS_{name}=")
    monkeypatch.setenv(f"ATLAS_{name}", example)
    read_settings()


@pytest.mark.parametrize("name", [n for n in Settings.model_fields if n != "api_key"])
def test_every_setting_has_an_explanation_and_an_example_that_is_right(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    field = Settings.model_fields[name]
    assert field.description

    example = field.examples[0] if field.examples else field.default
    assert example not in (None, ())

    monkeypatch.setenv(f"ATLAS_{name.upper()}", str(example))
    read_settings()


def test_each_of_several_wrong_values_gets_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_PORT", "high")
    monkeypatch.setenv("ATLAS_MAX_TILES", "0")

    assert [line.split()[0] for line in refusal().splitlines()] == ["ATLAS_PORT", "ATLAS_MAX_TILES"]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"ATLAS_{name.upper()}", "")

    assert read_settings() == Settings()


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("https://a.example", ("https://a.example",)),
        ("https://a.example,http://b.example:3000", ("https://a.example", "http://b.example:3000")),
        (" https://a.example , ", ("https://a.example",)),
        ('["https://a.example", "https://b.example"]', ("https://a.example", "https://b.example")),
        ("*", ("*",)),
        ('["*"]', ("*",)),
        ("[]", ()),
    ],
)
def test_list_is_read_in_plain_forms_and_as_json(
    monkeypatch: pytest.MonkeyPatch, value: str, origins: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ATLAS_CORS_ORIGINS", value)

    assert read_settings().cors_origins == origins


@pytest.mark.parametrize("value", ["k3y", "k3y\n", "k3y\r\n", " k3y\t"])
def test_key_has_no_blanks_around_it_as_no_header_can_carry_them(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ATLAS_API_KEY", value)

    key = read_settings().api_key

    assert key is not None
    assert key.get_secret_value() == "k3y"


@pytest.mark.parametrize("value", ["\n", " ", "k3y\nk3y", "k3y\x7f", "k3y\udcff"])
def test_key_that_no_header_can_carry_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ATLAS_API_KEY", value)

    line = refusal()

    assert line.startswith("ATLAS_API_KEY (its value is not shown): expected a key ")
    assert "k3y" not in line


def test_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_API_KEY", "k3y")

    assert "k3y" not in repr(Settings())


def test_value_cannot_break_out_of_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATLAS_PORT", "1\n2\x1b[2J" + "3" * 1000)

    line = refusal()

    assert line.isprintable()
    assert len(line) < 300


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("ATLAS_PROT", "ATLAS_PROT is not a setting: did you mean ATLAS_PORT?"),
        ("ATLAS_APIKEY", "ATLAS_APIKEY is not a setting: did you mean ATLAS_API_KEY?"),
        (
            "ATLAS_CORS_ORIGIN",
            "ATLAS_CORS_ORIGIN is not a setting: did you mean ATLAS_CORS_ORIGINS?",
        ),
        ("ATLAS_XYZZY", "ATLAS_XYZZY is not a setting; README lists them all"),
    ],
)
def test_unknown_variable_is_named_with_the_nearest_setting(variable: str, said: str) -> None:
    assert unknown_settings([variable, "ATLAS_PORT", "atlas_host", "ATLAS_URL", "HOME"]) == [said]
