"""Triton's own Python client gets the same numbers from a live server as the API gives."""

from collections.abc import Iterator

import httpx
import numpy as np
import numpy.typing as npt
import pytest
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from service.settings import Settings
from tests import tiny
from tests.server import serve

IMAGES = (tiny.random_levels(4) / 255).astype(np.float32)[:, np.newaxis]
LATENTS = np.array([[0, 0], [-1.5, 0.5], [3, -4]], np.float32)
as_json_and_as_bytes = pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
both_models = pytest.mark.parametrize("model", ["vae", "ae"])


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A ready server with the embedded models."""
    with serve(["-m", "service"], Settings().model_repository) as (address, _):
        yield address


@pytest.fixture
def client(address: str) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(address.removeprefix("http://")) as client:
        yield client


def infer(
    client: triton.InferenceServerClient,
    model: str,
    name: str,
    values: npt.NDArray[np.float32],
    outputs: list[str],
    binary: bool,
) -> dict[str, npt.NDArray[np.float32]]:
    tensor = triton.InferInput(name, list(values.shape), "FP32")
    tensor.set_data_from_numpy(values, binary_data=binary)
    asked = [triton.InferRequestedOutput(output, binary_data=binary) for output in outputs]
    answer = client.infer(model, [tensor], outputs=asked)
    return {output: answer.as_numpy(output) for output in outputs}


def test_client_finds_server_and_models(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.get_server_metadata()["name"] == "latent-atlas"
    for model in ("ae", "vae"):
        assert client.is_model_ready(model)
        assert client.is_model_ready(model, "1")
        assert client.get_model_metadata(model)["name"] == model
    assert not client.is_model_ready("vae", "99")


@both_models
@as_json_and_as_bytes
def test_encoding_equals_ours(
    address: str, client: triton.InferenceServerClient, model: str, binary: bool
) -> None:
    outputs = infer(client, model, "images", IMAGES, ["latents", "standard_deviation"], binary)

    body = {"model": model, "images": IMAGES[:, 0].tolist()}
    entries = httpx.post(f"{address}/encode/pixels", json=body).json()["latents"]
    for name, field in (("latents", "mean"), ("standard_deviation", "standard_deviation")):
        expected = np.array([entry[field] for entry in entries], np.float32)
        assert np.array_equal(outputs[name], expected)


@both_models
@as_json_and_as_bytes
def test_decoding_equals_ours(
    address: str, client: triton.InferenceServerClient, model: str, binary: bool
) -> None:
    pixels = infer(client, model, "latents", LATENTS, ["pixels"], binary)["pixels"]

    body = {"model": model, "latents": LATENTS.tolist()}
    images = httpx.post(f"{address}/decode/pixels", json=body).json()["images"]
    assert np.array_equal(pixels[:, 0], np.array(images, np.float32))


def test_outputs_that_are_not_chosen_come_all_and_as_bytes(
    client: triton.InferenceServerClient,
) -> None:
    tensor = triton.InferInput("images", list(IMAGES.shape), "FP32")
    tensor.set_data_from_numpy(IMAGES)

    answer = client.infer("vae", [tensor], request_id="mine")

    assert answer.get_response()["id"] == "mine"
    assert answer.as_numpy("latents").shape == (4, 2)
    assert answer.as_numpy("standard_deviation").shape == (4, 2)


def test_calls_at_once_and_answers_asked_for_compressed_work(
    client: triton.InferenceServerClient,
) -> None:
    tensor = triton.InferInput("latents", list(LATENTS.shape), "FP32")
    tensor.set_data_from_numpy(LATENTS)
    expected = infer(client, "vae", "latents", LATENTS, ["pixels"], True)["pixels"]

    calls = [client.async_infer("vae", [tensor], model_version="1") for _ in range(4)]
    answers = [call.get_result() for call in calls]
    answers.append(client.infer("vae", [tensor], response_compression_algorithm="gzip"))

    for answer in answers:
        assert np.array_equal(answer.as_numpy("pixels"), expected)


@pytest.mark.parametrize(
    ("call", "arguments", "extension"),
    [
        ("get_model_config", ["vae"], "model_configuration"),
        ("get_inference_statistics", ["vae", "1"], "statistics"),
        ("get_model_repository_index", [], "model_repository"),
        ("load_model", ["vae"], "model_repository"),
        ("get_trace_settings", ["vae"], "trace"),
        ("get_log_settings", [], "logging"),
        ("get_system_shared_memory_status", [], "system_shared_memory"),
        ("get_cuda_shared_memory_status", ["region"], "cuda_shared_memory"),
    ],
)
def test_extension_that_is_not_there_is_named(
    client: triton.InferenceServerClient, call: str, arguments: list[str], extension: str
) -> None:
    with pytest.raises(InferenceServerException, match=f"extension {extension} is not") as caught:
        getattr(client, call)(*arguments)

    assert caught.value.status() == "404"


def test_shared_memory_is_refused_in_words(client: triton.InferenceServerClient) -> None:
    tensor = triton.InferInput("latents", [2, 2], "FP32")
    tensor.set_shared_memory("region", 16)

    with pytest.raises(InferenceServerException, match="not supported here .*shared_memory_region"):
        client.infer("vae", [tensor])


def test_error_reaches_the_client_in_words(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match="a batch of at most 256") as caught:
        infer(client, "vae", "images", np.repeat(IMAGES, 65, axis=0), ["latents"], True)

    assert caught.value.status() == "400"
