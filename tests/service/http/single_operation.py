"""A pipeline with a single operation, which a test declares."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.app import create_app
from service.http.operation import Answers, Operation, OperationRouter
from service.http.pipeline import Pipeline
from service.settings import Settings

TEXT = Answers("text/plain", "")


def pipeline_to(operation: Operation, plan: Callable[..., Any], repository: Path) -> Pipeline:
    router = OperationRouter()
    router.plan(operation)(plan)
    app = create_app(Settings(model_repository=repository))
    return Pipeline(app.state.atlas, router.operations, (), {}, app.answer_itself, ())
