"""Checks who imports whom, by reading the imports and by running without packages."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny

ROOT = Path(__file__).parent.parent
SERVICE = ROOT / "service"
README = (ROOT / "README.md").read_text()
WEB = {"fastapi", "starlette", "uvicorn", "python_multipart", "httptools", "uvloop"}
KNOW_WEB = {"process/", "openapi/", "open_inference/", "api/", "http/"}
TRAINING_ONLY = {"matplotlib", "pooch", "pyarrow", "scipy", "sklearn", "tqdm", "typer", "training"}
# What training imports of the service: the contract, and how pictures are read and refused.
SHARED = ("service.artifact", "service.pictures", "service.errors")
TORCHSCRIPT = "service/artifact/runtimes/torchscript.py"
ONNX = "service/artifact/runtimes/onnx.py"
MAY_USE_TORCHSCRIPT = {TORCHSCRIPT} | {
    f"training/{name}.py" for name in ("export", "models", "onnx_export")
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def top_level(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def floors() -> list[list[str]]:
    """The service's folders and modules as README's layout lists them, from the top floor down."""
    layout = (
        README.partition("## Layout")[2].partition("\nservice/ ")[2].partition("\ntraining/")[0]
    )
    lines = re.findall(r"^  (\S+(?:, \S+)*)  ", layout, re.MULTILINE)
    return [names.split(", ") for names in lines]


def floor_of(name: str) -> int:
    """The floor of a folder (`api/`) or module (`app.py`), counted from the top."""
    (floor,) = (number for number, names in enumerate(floors()) if name in names)
    return floor


def room_of(path: Path) -> str:
    """The service's folder that holds a module, or the module itself at the top level."""
    first, *inside = path.relative_to(SERVICE).parts
    return f"{first}/" if inside else first


def rooms_imported(path: Path) -> set[str]:
    parts = [name.split(".") for name in imported(path) if name.startswith("service.")]
    return {f"{name}/" if (SERVICE / name).is_dir() else f"{name}.py" for _, name, *_ in parts}


def test_readme_lists_every_folder_and_module_of_the_service() -> None:
    listed = [name for names in floors() for name in names]
    there = {f"{path.name}/" for path in SERVICE.iterdir() if path.is_dir()} - {"__pycache__/"}
    there |= {path.name for path in SERVICE.glob("*.py")} - {"__init__.py"}

    assert sorted(listed) == sorted(there)


@pytest.mark.parametrize("path", modules("service"), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_from_its_own_floor_or_floors_below(path: Path) -> None:
    if path == SERVICE / "__init__.py":
        return
    floor = floor_of(room_of(path))

    assert [room for room in sorted(rooms_imported(path)) if floor_of(room) < floor] == []


def test_web_frameworks_are_known_to_the_upper_floors_only() -> None:
    entries, *_ = floors()
    users = {room_of(path) for path in modules("service") if top_level(path) & WEB}

    assert users <= KNOW_WEB | {*entries}


def test_pictures_are_read_without_the_web() -> None:
    for path in [*modules("service/pictures"), SERVICE / "errors.py"]:
        assert not top_level(path) & (WEB | {"pydantic_settings"}), path
        assert rooms_imported(path) <= {"artifact/", "pictures/", "errors.py"}, path


def test_service_knows_nothing_of_training() -> None:
    for path in modules("service"):
        assert not top_level(path) & TRAINING_ONLY, path


def test_training_meets_the_service_only_in_the_artifact_and_in_pictures() -> None:
    for path in modules("training"):
        crossing = {name for name in imported(path) if name.split(".")[0] == "service"}
        assert all(name.startswith(SHARED) for name in crossing), path
        assert not top_level(path) & (WEB | {"pydantic_settings"}), path


def test_artifact_needs_nothing_else_of_the_service() -> None:
    for path in modules("service/artifact"):
        inside = {name for name in imported(path) if name.split(".")[0] == "service"}
        assert all(name.startswith("service.artifact") for name in inside), path


def test_one_file_of_the_service_knows_torch() -> None:
    users = {str(p.relative_to(ROOT)) for p in modules("service") if "torch" in top_level(p)}

    assert users == {TORCHSCRIPT}


def test_one_file_knows_onnx_runtime() -> None:
    paths = [*modules("service"), *modules("training")]
    users = {str(path.relative_to(ROOT)) for path in paths if "onnxruntime" in top_level(path)}

    assert users == {ONNX}


def test_onnx_runtime_sends_nothing_home_and_keeps_nothing_there(tmp_path: Path) -> None:
    # Except in CI, it would keep an identifier of the machine, to send along with what it sees.
    hidden = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    environment = {key: os.environ[key] for key in os.environ.keys() - hidden}

    subprocess.run(
        [sys.executable, "-c", "import service.artifact.load"],
        check=True,
        cwd=ROOT,
        env=environment | {"HOME": str(tmp_path)},
    )

    assert list(tmp_path.iterdir()) == []


def test_torchscript_is_used_in_few_places_only() -> None:
    users = {
        str(path.relative_to(ROOT))
        for package in ("service", "training")
        for path in modules(package)
        if "torch.jit" in path.read_text()
    }

    assert users <= MAY_USE_TORCHSCRIPT


@pytest.mark.parametrize("package", ["service", "training"])
def test_package_markers_are_empty(package: str) -> None:
    assert (ROOT / package / "__init__.py").read_text() == ""


def run_without(packages: set[str], code: str) -> None:
    """Run code in a new interpreter that cannot import these packages."""
    script = f"import sys\nfor name in {sorted(packages)!r}: sys.modules[name] = None\n{code}"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_service_runs_without_torch_and_any_training_package(tmp_path: Path) -> None:
    tiny.publish(tmp_path)

    run_without(
        TRAINING_ONLY | {"onnx", "torch"},
        "from pathlib import Path\n"
        "from tests.serving import serving\n"
        f"repository = Path({str(tmp_path)!r})\n"
        "with serving(repository) as client:\n"
        "    assert client.get('/grid?rows=1').status_code == 200\n",
    )


def test_training_reads_all_but_tables_without_pyarrow(tmp_path: Path) -> None:
    files = tiny.random_levels(30)
    for number, levels in enumerate(files):
        (tmp_path / f"{number}.png").write_bytes(tiny.picture_bytes(levels))

    run_without(
        {"pyarrow"},
        "from pathlib import Path\n"
        "from training.data.recognise import recognise\n"
        f"contents = recognise(Path({str(tmp_path)!r})).read()\n"
        "assert [len(part.labels) for part in contents.parts.values()] == [30]\n",
    )


def test_training_runs_without_the_web_framework() -> None:
    run_without(
        WEB | {"pydantic_settings", "prometheus_client"},
        "import runpy\n"
        "sys.argv = ['training', '--help']\n"
        "try: runpy.run_module('training', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n",
    )
