"""Who may import whom, proved by reading the imports and by running without the packages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WEB = {"fastapi", "starlette", "uvicorn", "multipart", "pydantic_settings", "httptools", "uvloop"}
TRAINING_ONLY = {"matplotlib", "pooch", "scipy", "sklearn", "tqdm", "typer", "training"}
TORCHSCRIPT = "service/artifact/runtimes/torchscript.py"
MAY_USE_TORCHSCRIPT = {TORCHSCRIPT, "training/export.py", "training/models.py"}


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


def test_service_knows_nothing_of_training() -> None:
    for path in modules("service"):
        assert not top_level(path) & TRAINING_ONLY, path


def test_training_meets_the_service_only_in_the_artifact() -> None:
    for path in modules("training"):
        crossing = {name for name in imported(path) if name.split(".")[0] == "service"}
        assert all(name.startswith("service.artifact") for name in crossing), path
        assert not top_level(path) & WEB, path


def test_artifact_needs_nothing_else_of_the_service() -> None:
    for path in modules("service/artifact"):
        inside = {name for name in imported(path) if name.split(".")[0] == "service"}
        assert all(name.startswith("service.artifact") for name in inside), path


def test_one_file_of_the_service_knows_torch() -> None:
    users = {str(p.relative_to(ROOT)) for p in modules("service") if "torch" in top_level(p)}

    assert users == {TORCHSCRIPT}


def test_torchscript_is_used_in_three_places_only() -> None:
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
    """Run code in a fresh interpreter in which these packages cannot be imported."""
    script = f"import sys\nfor name in {sorted(packages)!r}: sys.modules[name] = None\n{code}"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_service_runs_without_any_training_package(tmp_path: Path) -> None:
    run_without(
        TRAINING_ONLY,
        "from pathlib import Path\n"
        "from fastapi.testclient import TestClient\n"
        "from tests import tiny\n"
        "from tests.service.conftest import wait_until_loaded\n"
        "from service.app import create_app\n"
        "from service.settings import Settings\n"
        f"repository = Path({str(tmp_path)!r})\n"
        "tiny.publish(repository)\n"
        "with TestClient(create_app(Settings(model_repository=repository))) as client:\n"
        "    wait_until_loaded(client)\n"
        "    assert client.get('/grid?rows=1').status_code == 200\n",
    )


def test_training_runs_without_the_web_framework() -> None:
    run_without(
        WEB | {"prometheus_client"},
        "import runpy\n"
        "sys.argv = ['training', '--help']\n"
        "try: runpy.run_module('training', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code, end.code\n",
    )
