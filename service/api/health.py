"""For orchestrators and monitoring. Free of inference, so that they answer at any load."""

from service.api import examples
from service.api.examples import WRONG_QUERY
from service.api.responses import Alive, Ready, UnavailableModel
from service.http.operation import JSON, Answers, Operation, OperationRouter, Wrong
from service.serving.atlas import Atlas
from service.serving.metrics import CONTENT_TYPE

router = OperationRouter("health")


@router.plan(
    Operation(
        "GET",
        "/livez",
        Answers(JSON, "It is.", Alive, {"status": "alive"}),
        "Is the process alive?",
        wrong=WRONG_QUERY,
        is_open=True,
    )
)
def livez(_: Atlas) -> Alive:
    """200 whenever the process answers at all."""
    return Alive()


@router.plan(
    Operation(
        "GET",
        "/readyz",
        Answers(JSON, "It is; the versions served.", Ready, examples.READY),
        "Is every model ready?",
        wrong={
            **WRONG_QUERY,
            503: Wrong(
                detail="not every model is ready", pointer="/models/vae", fault="still loading"
            ),
        },
        is_open=True,
    )
)
def readyz(atlas: Atlas) -> Ready:
    """200 once every model is loaded, verified and warm; 503 naming those that are not.

    A reload that fails leaves the service ready, with what it served before. From SIGTERM on the
    answer is 503.
    """
    atlas.lifecycle.require_ready()
    registry = atlas.registry
    return Ready(
        models={name: artifact.manifest.version for name, artifact in registry.artifacts.items()},
        unavailable=[
            UnavailableModel(name=name, reason=reason) for name, reason in registry.failures.items()
        ],
    )


@router.plan(
    Operation(
        "GET",
        "/metrics",
        Answers(
            "text/plain", "One sample a line.", example=examples.METRICS, content_type=CONTENT_TYPE
        ),
        "Report figures for Prometheus",
        wrong=WRONG_QUERY,
    )
)
def metrics(atlas: Atlas) -> bytes:
    """Counters, gauges and histograms in the Prometheus text format 0.0.4.

    Requests by route template and status, waiting and computing time, sizes of requests, what was
    refused or dropped, versions served, and figures of the process.
    """
    return atlas.metrics.render()
