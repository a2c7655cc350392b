"""docker/kubernetes, rendered by kubectl and held against the schemas of the Kubernetes API."""

import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.docker import engine

VOLUME = f"{engine.PROJECT}_filled"
FOLDER = engine.ROOT / "docker" / "kubernetes"
# The oldest is the first with preStop's sleep; both schemas know no field that is not there.
VERSIONS = ("1.30", "1.37")
KINDS = {
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "Service",
}

Resource = dict[str, Any]


def render(name: str) -> list[Resource]:
    """What `kubectl apply --kustomize` would send, by the kubectl that `make install` brought."""
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
    for container in containers(render(name)):
        security = container["securityContext"]
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
def test_kserve_container_is_one_a_pod_takes(version: str) -> None:
    (container,) = copy.deepcopy(by_kind("kserve")["ServingRuntime"]["spec"]["containers"])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [container]}}

    kubernetes_validate.validate(pod, version, strict=True)


@pytest.mark.slow
@pytest.mark.usefixtures("images")
def test_volume_is_filled_with_what_it_lacks_and_no_more() -> None:
    (fill,) = pod_of(by_kind("artifacts")["Deployment"])["initContainers"]
    engine.docker("volume", "create", VOLUME)

    try:
        on_volume("chown", "10001", "/models", user="0")  # as fsGroup has it
        on_volume(*fill["command"])
        on_volume("sh", "-c", "echo mine > /models/vae/1/manifest.json; rm -r /models/ae")
        on_volume(*fill["command"])

        assert on_volume("cat", "/models/vae/1/manifest.json") == "mine"
        assert "model.pt" in on_volume("ls", "/models/ae/1")
    finally:
        engine.docker("volume", "rm", VOLUME)


def on_volume(command: str, *arguments: str, user: str = "10001") -> str:
    """Output of a command in a container of the service's image, the volume on /models."""
    options = ("--rm", "--user", user, "--volume", f"{VOLUME}:/models", "--entrypoint", command)
    return engine.docker("run", *options, engine.SERVICE_IMAGE, *arguments)


def containers(resources: list[Resource]) -> list[Resource]:
    """Of all kinds that have some."""
    specs = [resource["spec"] for resource in resources if resource["kind"] == "ServingRuntime"]
    specs += [pod_of(resource) for resource in resources if resource["kind"] == "Deployment"]
    return [
        container
        for spec in specs
        for container in [*spec["containers"], *spec.get("initContainers", [])]
    ]
