"""With a key set, the served document names it and a client generated from it sends it."""

import os
from pathlib import Path

import httpx
import pytest

from service.settings import Settings
from tests.clients.generate import SOURCE
from tests.clients.test_clients import run
from tests.server import serve

pytestmark = pytest.mark.slow

PROGRAM = """
import sys
from latent_atlas import ApiClient, ApiException, Configuration, ModelsApi

address, key = sys.argv[1:]
try:
    client = ApiClient(Configuration(host=address, api_key={"ApiKey": key}))
    print(ModelsApi(client).list_models().default)
except ApiException as error:
    print(error.status)
"""


@pytest.fixture
def client_folder(tmp_path: Path) -> Path:
    """The folder for the generated client."""
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def test_generated_client_sends_the_key(client_folder: Path) -> None:
    environment = {**os.environ, "ATLAS_API_KEY": "the key"}
    repository = Settings().model_repository
    with serve(["-m", "service"], repository, environment=environment) as (address, _):
        document = client_folder / "openapi.json"
        document.write_bytes(httpx.get(f"{address}/openapi.json").content)
        config = SOURCE / "openapi-generator-python" / "config.yaml"
        generate = f"openapi-generator-cli generate -g python -i {document} -c {config} -o ."
        run(generate.split(), client_folder)

        right = run(["python", "program.py", address, "the key"], client_folder)
        wrong = run(["python", "program.py", address, "another"], client_folder)

    assert (right, wrong) == ("vae\n", "401\n")
