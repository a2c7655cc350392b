"""What an address says: parameters that are known, once each, and numbers in plain digits."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from service.errors import MAX_FAULTS
from service.http.operation import Operation
from service.serving.atlas import Atlas
from tests.service.answers import assert_problem
from tests.service.http.single_operation import TEXT, pipeline_to

# "+" in a query is a blank. The last are digits of other scripts.
UNUSUAL = ["2_1", "%2B2", "+2", "2.0", "%0A2", "2%20", "0x2", "%EF%BC%92", "%D9%A2"]


def test_unknown_query_parameter_is_refused_everywhere(client: TestClient) -> None:
    for path in ("/models", "/models/vae", "/livez", "/readyz"):
        assert_problem(client.get(f"{path}?debug=1"), 422, "/query/debug")
    assert_problem(client.post("/decode?a=1", json={"latents": [[0, 0]]}), 422, "/query/a")


class Numbers(BaseModel):
    whole: int | None = None
    real: float | None = None
    text: str | None = None


class Place(BaseModel):
    place: int


@pytest.fixture
def numbers(repository: Path) -> TestClient:
    """A client of an operation that answers the numbers of its query."""

    def plan(_: Atlas, query: Numbers) -> bytes:
        return f"{query.whole} {query.real} {query.text}".encode()

    return TestClient(pipeline_to(Operation("GET", "/", TEXT), plan, repository))


@pytest.mark.parametrize("text", UNUSUAL)
def test_whole_number_of_a_query_is_plain_digits(numbers: TestClient, text: str) -> None:
    assert_problem(numbers.get(f"/?whole={text}"), 422, "/query/whole")


@pytest.mark.parametrize("text", [text for text in UNUSUAL if text != "2.0"] + ["1_0.5", "e1", "."])
def test_number_of_a_query_is_plain_digits(numbers: TestClient, text: str) -> None:
    assert_problem(numbers.get(f"/?real={text}"), 422, "/query/real")


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("whole=-21", "-21 None None"),
        ("whole=021", "21 None None"),
        ("real=-1.5", "None -1.5 None"),
        ("real=2e-3", "None 0.002 None"),
        ("real=1E%2B1", "None 10.0 None"),
        ("real=-.5", "None -0.5 None"),
        ("real=4.", "None 4.0 None"),
        ("text=2_1", "None None 2_1"),
    ],
)
def test_plain_numbers_and_all_texts_are_read(numbers: TestClient, query: str, read: str) -> None:
    assert numbers.get(f"/?{query}").text == read


@pytest.mark.parametrize("text", [*UNUSUAL, "%202"])
def test_number_of_a_path_is_plain_digits(repository: Path, text: str) -> None:
    def plan(_: Atlas, path: Place) -> bytes:
        return str(path.place).encode()

    client = TestClient(pipeline_to(Operation("GET", "/{place}", TEXT), plan, repository))

    assert client.get("/21").text == "21"
    assert_problem(client.get(f"/{text}"), 422, "/path/place")


@pytest.mark.parametrize("query", ["a&" * 30_000, "&".join(f"a{n}=1" for n in range(7_000))])
@pytest.mark.parametrize("path", ["/livez", "/grid", "/tiles/vae.json"])
def test_query_of_many_parameters_is_refused_unparsed(
    client: TestClient, path: str, query: str
) -> None:
    answer = client.get(f"{path}?{query}")

    assert_problem(answer, 422, "/query")
    assert len(answer.content) < 1000


def test_answer_names_no_more_than_so_many_faults(client: TestClient) -> None:
    answer = client.get("/livez?" + "&".join(f"a{n}=1" for n in range(60)))

    assert_problem(answer, 422, *(f"/query/a{n}" for n in range(MAX_FAULTS)))
