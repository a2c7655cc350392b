"""Renders docker/kubernetes with kubectl and validates it with the Kubernetes API's schemas."""

import copy
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.docker import engine
from tests.docker.conftest import bare
from tests.docker.load import Load, Request

VOLUME = f"{engine.PROJECT}_filled"
FOLDER = engine.ROOT / "docker" / "kubernetes"
# 1.30 is the first version with preStop's sleep. Both schemas refuse unknown fields.
VERSIONS = ("1.30", "1.37")
KINDS = {
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
}
# 1.4 MB each: together they fill the cache of every worker.
MORE_THAN_IS_KEPT = [Request("GET", f"/grid?rows=60&columns=60&x_max={n}") for n in range(1, 41)]

Resource = dict[str, Any]


def render(name: str) -> list[Resource]:
    """What `kubectl apply --kustomize` would send. Runs the kubectl of `make install`."""
    kubectl = Path(sys.executable).parent / "kubectl"
    done = subprocess.run(
        [kubectl, "kustomize", str(FOLDER / name)], check=True, stdout=subprocess.PIPE, text=True
    )
    return list(yaml.safe_load_all(done.stdout))


def by_kind(name: str) -> dict[str, Resource]:
    return {resource["kind"]: resource for resource in render(name)}


def pod_of(deployment: Resource) -> Resource:
    pod: Resource = deployment["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["base", "artifacts"])
def test_every_resource_is_one_the_api_takes(name: str, version: str) -> None:
    resources = render(name)

    for resource in resources:
        kubernetes_validate.validate(resource, version, strict=True)
    assert {resource["kind"] for resource in resources} >= KINDS


@pytest.mark.parametrize("version", VERSIONS)
def test_field_with_a_typing_error_would_be_refused(version: str) -> None:
    deployment = by_kind("base")["Deployment"]
    pod_of(deployment)["containers"][0]["readynessProbe"] = {}

    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(deployment, version, strict=True)


def test_settings_are_ones_the_service_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    values = by_kind("base")["ConfigMap"]["data"]
    for key in [key for key in os.environ if key.startswith("ATLAS_")]:
        monkeypatch.delenv(key)
    for key, value in values.items():
        monkeypatch.setenv(key, value)

    Settings()

    known = {f"ATLAS_{name.upper()}" for name in Settings.model_fields}
    assert values.keys() <= known - {"ATLAS_HOST", "ATLAS_PORT", "ATLAS_MODEL_REPOSITORY"}


@pytest.mark.parametrize("name", ["base", "artifacts", "kserve"])
def test_service_beside_it_that_is_called_atlas_sets_nothing(name: str) -> None:
    assert [pod["enableServiceLinks"] for pod in pods(render(name))] == [False]


@pytest.mark.parametrize("name", ["base", "artifacts", "kserve"])
def test_pod_holds_no_token_of_its_service_account(name: str) -> None:
    assert [pod["automountServiceAccountToken"] for pod in pods(render(name))] == [False]


def test_pod_is_given_the_time_to_leave() -> None:
    resources = by_kind("base")
    pod = pod_of(resources["Deployment"])
    grace = int(resources["ConfigMap"]["data"]["ATLAS_SHUTDOWN_GRACE_SECONDS"])
    before = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]

    assert pod["terminationGracePeriodSeconds"] > before + grace


def test_probes_ask_what_they_are_for() -> None:
    container = pod_of(by_kind("base")["Deployment"])["containers"][0]

    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"]
        for name in ("startup", "liveness", "readiness")
    }

    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}


@pytest.mark.parametrize("name", ["base", "artifacts", "kserve"])
def test_containers_are_limited_and_have_no_rights(name: str) -> None:
    for container, security in containers(render(name)):
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"].keys() == {"requests", "limits"}
        assert container["image"] == f"latent-atlas-service:{engine.VERSION}"


def test_selectors_choose_the_pods_of_the_deployment() -> None:
    resources = by_kind("base")
    labels = resources["Deployment"]["spec"]["template"]["metadata"]["labels"]

    assert resources["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert resources["Service"]["spec"]["selector"] == labels
    assert resources["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert resources["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    for constraint in pod_of(resources["Deployment"])["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == labels


def test_kserve_runs_the_runtime_over_the_v2_protocol() -> None:
    resources = by_kind("kserve")
    runtime, model = resources["ServingRuntime"], resources["InferenceService"]["spec"]["predictor"]

    assert model["model"]["runtime"] == runtime["metadata"]["name"]
    assert model["model"]["protocolVersion"] in runtime["spec"]["protocolVersions"]
    formats = {known["name"] for known in runtime["spec"]["supportedModelFormats"]}
    assert model["model"]["modelFormat"]["name"] in formats


@pytest.mark.parametrize("version", VERSIONS)
def test_kserve_pod_is_one_the_api_takes(version: str) -> None:
    (spec,) = pods(copy.deepcopy(render("kserve")))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": spec}

    kubernetes_validate.validate(pod, version, strict=True)


@pytest.mark.slow
@pytest.mark.usefixtures("images")
def test_memory_that_is_asked_for_covers_a_replica_at_work(report: Callable[[str], None]) -> None:
    (container,) = pod_of(by_kind("base")["Deployment"])["containers"]
    cpus, asked = container["resources"]["limits"]["cpu"], container["resources"]["requests"]

    with bare(cpus) as (name, host, port):
        with Load(host, port, MORE_THAN_IS_KEPT):
            pass
        held = engine.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", name).split()[0]

    report(f"memory of a replica after many large grids: {held}, {asked['memory']} are asked for")
    assert held.endswith("MiB")
    assert float(held.removesuffix("MiB")) < float(asked["memory"].removesuffix("Mi"))


@pytest.fixture
def fill(images: None) -> Iterator[list[str]]:  # noqa: ARG001
    """The command that fills a volume. The volume is empty and owned by the service's user."""
    (container,) = pod_of(by_kind("artifacts")["Deployment"])["initContainers"]
    engine.docker("volume", "create", VOLUME)
    on_volume("chown", "10001", "/models", user="0")  # as fsGroup would set it
    yield container["command"]
    engine.docker("volume", "rm", VOLUME)


@pytest.mark.slow
def test_volume_is_filled_with_what_it_lacks_and_no_more(fill: list[str]) -> None:
    on_volume(*fill)
    on_volume("sh", "-c", "echo mine > /models/vae/1/manifest.json; rm -r /models/ae")
    on_volume(*fill)

    assert on_volume("cat", "/models/vae/1/manifest.json") == "mine"
    assert "model.pt" in on_volume("ls", "/models/ae/1")


@pytest.mark.slow
def test_version_that_was_copied_in_part_is_copied_again(fill: list[str]) -> None:
    largest_file = "ulimit -f 1000"  # in blocks of 512 bytes; a model file is larger
    with pytest.raises(subprocess.CalledProcessError):
        on_volume("sh", "-c", f"{largest_file}; {shlex.join(fill)}")

    on_volume(*fill)

    assert on_volume("diff", "--recursive", "/atlas/model_repository", "/models", "-x.fill") == ""


def on_volume(command: str, *arguments: str, user: str = "10001") -> str:
    """Run a command in a service container with the volume on /models. Returns its output."""
    options = ("--rm", "--user", user, "--volume", f"{VOLUME}:/models", "--entrypoint", command)
    return engine.docker("run", *options, engine.SERVICE_IMAGE, *arguments)


def pods(resources: list[Resource]) -> list[Resource]:
    """The specs of all pods that the resources lead to."""
    kinds = {resource["kind"]: resource for resource in resources}
    found = [pod_of(kinds["Deployment"])] if "Deployment" in kinds else []
    if "InferenceService" in kinds:  # KServe merges what is not its own into the runtime's pod
        own = {"minReplicas", "maxReplicas", "model"}
        predictor = kinds["InferenceService"]["spec"]["predictor"]
        merged = {key: value for key, value in predictor.items() if key not in own}
        found.append({"containers": kinds["ServingRuntime"]["spec"]["containers"], **merged})
    return found


def containers(resources: list[Resource]) -> Iterator[tuple[Resource, Resource]]:
    """The containers of every kind, each with the security context it runs under."""
    for pod in pods(resources):
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            yield container, {**pod.get("securityContext", {}), **container["securityContext"]}
