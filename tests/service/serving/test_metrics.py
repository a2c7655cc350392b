from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests import tiny


def sample(client: TestClient, name: str, **labels: str) -> float:
    """One sample of /metrics; 0 if it is not there."""
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for found in family.samples:
            if found.name == name and labels.items() <= found.labels.items():
                return found.value
    return 0


def test_format_is_prometheus_text(client: TestClient) -> None:
    answer = client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for name in ("atlas_requests_total", "python_gc_collections_total", "python_info"):
        assert f"# TYPE {name} " in answer.text


def test_requests_are_counted_by_template_and_status(client: TestClient) -> None:
    labels = {"method": "GET", "route": "/models/{name}", "status": "404"}
    before = sample(client, "atlas_requests_total", **labels)

    for number in range(3):
        client.get(f"/models/made-up-{number}")

    assert sample(client, "atlas_requests_total", **labels) == before + 3
    assert "made-up" not in client.get("/metrics").text


def test_waiting_and_computing_are_timed_apart(client: TestClient) -> None:
    names = ("atlas_inference_queue_seconds_count", "atlas_inference_compute_seconds_count")
    before = [sample(client, name) for name in names]

    client.get("/grid")

    assert [sample(client, name) for name in names] == [count + 1 for count in before]
    assert sample(client, "atlas_inference_waiting") == 0


def test_sizes_of_requests_are_counted(client: TestClient) -> None:
    kinds = ("images", "latents", "tiles")
    before = [sample(client, "atlas_request_items_sum", kind=kind) for kind in kinds]
    picture = tiny.picture_bytes(tiny.random_levels(1)[0])

    client.get("/grid?rows=2&columns=3")
    client.post("/decode/pixels", json={"latents": [[0, 0], [1, 1]]})
    client.post("/encode", files=tiny.uploads([picture]))

    after = [sample(client, "atlas_request_items_sum", kind=kind) for kind in kinds]
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 2, 6]


def test_served_versions_are_told(client: TestClient) -> None:
    assert sample(client, "atlas_model_info", model="vae", version="1") == 1
    assert sample(client, "atlas_model_failed") == 0
