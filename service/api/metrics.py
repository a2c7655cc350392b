"""/metrics, for Prometheus."""

from fastapi import APIRouter, Depends, Response

from service.api import responses as documents
from service.api.dependencies import MetricsDependency, refuse_query
from service.serving.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"], dependencies=[Depends(refuse_query)])


class MetricsResponse(Response):
    """The Prometheus text format."""

    media_type = "text/plain"


@router.get(
    "/metrics",
    summary="Report figures for Prometheus",
    response_class=MetricsResponse,
    responses=documents.metrics_responses(),
)
async def metrics(figures: MetricsDependency) -> Response:
    """Counters, gauges and histograms in the Prometheus text format 0.0.4.

    Requests by route template and status, waiting and computing time, sizes of requests, what was
    refused or dropped, versions served, and figures of the process.
    """
    return Response(figures.render(), headers={"Content-Type": CONTENT_TYPE})
