from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from service.app import ROUTERS
from service.http.exchange import Exchange
from service.http.operation import Operation
from service.serving.atlas import Atlas
from tests.service.http.single_operation import TEXT, pipeline_to

OPERATIONS = [operation for router in ROUTERS for operation in router.operations]
every_operation = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda it: f"{it.method} {it.path}"
)


class Name(BaseModel):
    name: str


class Count(BaseModel):
    count: int


def test_plan_is_given_what_its_parameters_name(repository: Path) -> None:
    def plan(_: Atlas, path: Name, query: Count, body: Count, exchange: Exchange) -> bytes:
        return f"{path.name} {query.count} {body.count} {exchange.method}".encode()

    client = TestClient(pipeline_to(Operation("POST", "/{name}", TEXT), plan, repository))

    assert client.post("/a?count=1", json={"count": 2}).text == "a 1 2 POST"
    assert client.post("/a?count=x", json={"count": 2}).status_code == 422
    assert client.post("/a?count=1", json={"count": "x"}).status_code == 422


def test_operation_without_a_query_refuses_one_unless_it_takes_any(repository: Path) -> None:
    def plan(_: Atlas) -> bytes:
        return b"answer"

    strict = TestClient(pipeline_to(Operation("GET", "/", TEXT), plan, repository))
    lenient = Operation("GET", "/", TEXT, allows_any_query=True)

    assert strict.get("/?a=1").status_code == 422
    assert TestClient(pipeline_to(lenient, plan, repository)).get("/?a=1").text == "answer"


@every_operation
def test_only_the_pipeline_answers_an_operation(operation: Operation) -> None:
    with pytest.raises(TypeError, match=operation.method):
        operation()


def test_address_of_every_operation_is_its_own() -> None:
    addresses = [(operation.method, operation.path) for operation in OPERATIONS]

    assert len(set(addresses)) == len(addresses)
