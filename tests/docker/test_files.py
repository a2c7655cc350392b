"""Checks Dockerfile, compose files and workflows without running them."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from tests.docker import engine

DOCKERFILE = engine.ROOT / "docker" / "Dockerfile"
WORKFLOWS = sorted((engine.ROOT / ".github" / "workflows").glob("*.yaml"))
# The image fixes where it listens and what it serves; the host maps both.
FIXED = {"ATLAS_HOST", "ATLAS_PORT", "ATLAS_MODEL_REPOSITORY"}
NGINX = (engine.ROOT / "docker" / "nginx.conf").read_text()
MEBIBYTE = 2**20
TOOLS = Path(sys.executable).parent


def services(part: str = "") -> dict[str, Any]:
    """The services of docker/compose*.yaml."""
    content = yaml.safe_load((engine.ROOT / "docker" / f"compose{part}.yaml").read_text())
    found: dict[str, Any] = content["services"]
    return found


def test_dockerfile_is_clean() -> None:
    subprocess.run([TOOLS / "hadolint", DOCKERFILE], check=True)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_one_github_takes(workflow: Path) -> None:
    schema = "--builtin-schema=vendor.github-workflows"

    subprocess.run([TOOLS / "check-jsonschema", schema, workflow], check=True)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_pins_each_action_by_its_commit_and_names_the_version(workflow: Path) -> None:
    used = re.findall(r"uses: *(.*)", workflow.read_text())

    assert used
    pinned = r"[\w-]+/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+"
    assert [action for action in used if not re.fullmatch(pinned, action)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_gives_each_job_no_more_rights_than_it_uses(workflow: Path) -> None:
    content = yaml.safe_load(workflow.read_text())

    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        pushes = {"packages": "write"} if name == "images" else {}
        assert job["permissions"] == {"contents": "read", **pushes}
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_base_images_have_a_version() -> None:
    front = services(".front")["front"]["image"]
    named = re.findall(r"^ARG \w+_IMAGE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)

    assert named
    assert all(re.fullmatch(r"\w+:\d+\.\d+-[\w-]+", image) for image in [front, *named])


@pytest.mark.slow
def test_checkout_on_windows_is_one_that_images_are_built_from(tmp_path: Path) -> None:
    clone = ("git", "clone", "--quiet", "--config", "core.autocrlf=true", engine.ROOT, tmp_path)

    subprocess.run(clone, check=True)

    changed = ("git", "status", "--porcelain")
    assert subprocess.run(changed, cwd=tmp_path, check=True, capture_output=True).stdout == b""
    for name in ("docker/packages.sh", "docker/nginx.conf", "constraints.txt"):
        assert b"\r" not in (tmp_path / name).read_bytes()


def test_image_has_the_version_of_the_project() -> None:
    named = re.findall(r"ARG VERSION=(\S+)", DOCKERFILE.read_text())

    assert set(named) == {engine.VERSION}


def test_service_and_front_are_reached_on_the_same_port_of_this_machine_alone() -> None:
    default = Settings.model_fields["host"].default
    place = f"${{ATLAS_HOST:-{default}}}:${{ATLAS_PORT:-8000}}"

    assert default == "127.0.0.1"
    assert services(".port")["service"]["ports"] == [f"{place}:8000"]
    assert services(".front")["front"]["ports"] == [f"{place}:8080"]


def test_front_takes_bodies_as_large_as_the_service_does() -> None:
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)

    assert int(megabytes) * MEBIBYTE == Settings.model_fields["max_body_bytes"].default


def test_front_has_room_for_every_large_body_that_it_takes_at_once() -> None:
    (bodies,) = re.findall(r"limit_conn large_bodies (\d+);", NGINX)
    (of_a_client,) = re.findall(r"limit_conn large_bodies_of_a_client (\d+);", NGINX)
    front = services(".front")["front"]
    (temporary,) = (mount["tmpfs"]["size"] for mount in front["volumes"])
    memory = int(front["deploy"]["resources"]["limits"]["memory"].removesuffix("m")) * MEBIBYTE

    needed = int(bodies) * Settings.model_fields["max_body_bytes"].default
    assert needed < temporary < memory
    assert int(of_a_client) <= int(bodies) / 2
    assert "proxy_max_temp_file_size 0;" in NGINX  # answers take no room there


def test_every_setting_of_the_caller_passes_into_the_service() -> None:
    known = {f"ATLAS_{name.upper()}" for name in Settings.model_fields}

    assert set(services()["service"]["environment"]) == known - FIXED


@pytest.mark.parametrize(
    ("part", "name"), [("", "service"), (".training", "training"), (".front", "front")]
)
def test_container_has_no_rights_and_limits_of_all_kinds(part: str, name: str) -> None:
    container = services(part)[name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    mounts = [mount for mount in container["volumes"] if isinstance(mount, dict)]
    assert [(mount["type"], mount["target"]) for mount in mounts] == [("tmpfs", "/tmp")]


def test_config_of_the_front_in_a_swarm_is_named_after_its_content() -> None:
    content = yaml.safe_load((engine.ROOT / "docker" / "compose.swarm.yaml").read_text())
    digest = hashlib.sha256((engine.ROOT / "docker" / "nginx.conf").read_bytes()).hexdigest()

    name = content["configs"]["front"]["name"]

    assert name == f"${{FRONT_CONFIG:-latent-atlas-front-{digest[:8]}}}"


def test_service_has_longer_to_stop_than_it_gives_its_requests() -> None:
    seconds = int(services()["service"]["stop_grace_period"].removesuffix("s"))

    assert seconds > Settings.model_fields["shutdown_grace_seconds"].default
