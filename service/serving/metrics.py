"""The Prometheus metrics of one app, without a global registry.

If PROMETHEUS_MULTIPROC_DIR is set, the library has each worker write its metrics to files in that
folder. Whichever worker answers /metrics adds them up.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.artifact.contract import Artifact

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A small decode takes less than a millisecond, the largest mosaic some seconds.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
GATHERED = (1, 2, 4, 8, 16, 32, 64)
ITEMS = (1, 4, 16, 64, 256, 441, 1024, 4096, 16384)


class Metrics:
    """Every metric of the service, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        counter = partial(Counter, registry=registry)
        gauge = partial(Gauge, registry=registry, multiprocess_mode="livesum")
        histogram = partial(Histogram, registry=registry)
        self.requests = counter(
            "atlas_requests",
            "Answers by method, route template and status; 499: the client went away.",
            ("method", "route", "status"),
        )
        self.request_seconds = histogram(
            "atlas_request_seconds",
            "From a request's head to the end of its answer.",
            ("method", "route"),
            buckets=SECONDS,
        )
        self.cancelled = counter(
            "atlas_requests_cancelled", "Requests whose client went away before the answer."
        )
        self.rejected = counter(
            "atlas_inference_rejected",
            "Requests refused because every place and the queue were taken.",
        )
        self.dropped = counter(
            "atlas_inference_dropped", "Work that was cancelled in the queue and never ran."
        )
        self.waiting = gauge("atlas_inference_waiting", "Work in the queue now.")
        self.running = gauge("atlas_inference_running", "Work in a place now.")
        self.queue_seconds = histogram(
            "atlas_inference_queue_seconds", "Time that work waited for a place.", buckets=SECONDS
        )
        self.compute_seconds = histogram(
            "atlas_inference_compute_seconds",
            "Time that work took; small work that was gathered counts once.",
            buckets=SECONDS,
        )
        self.gathered = histogram(
            "atlas_inference_gathered",
            "Small requests that were ready at the same time, for one program of one model.",
            buckets=GATHERED,
        )
        self.items = histogram(
            "atlas_request_items",
            "Images, latents or tiles in one request.",
            ("kind",),
            buckets=ITEMS,
        )
        self.cache_requests = counter(
            "atlas_cache_requests",
            "Pictures that were found, shared with who asked at the same time, or drawn.",
            ("outcome",),
        )
        self.cache_bytes = gauge("atlas_cache_bytes", "Bytes of the pictures that are kept.")
        self.connections = gauge("atlas_connections", "Open connections.")
        self.closed_connections = counter(
            "atlas_connections_closed",
            "Connections that the service closed because their clients made no progress, or "
            "because there were too many.",
            ("reason",),
        )
        self.unsent_bytes = gauge(
            "atlas_unsent_bytes", "Bytes of answers that wait for their clients to read them."
        )
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)

    def watch_models(
        self,
        artifacts: Callable[[], Mapping[str, Artifact]],
        failures: Callable[[], Mapping[str, str]],
    ) -> None:
        """Report at each scrape which versions are served and which models failed to load."""
        self._models = _ModelCollector(artifacts, failures)
        self._registry.register(self._models)

    def render(self) -> bytes:
        """All metrics in the Prometheus text format, of type CONTENT_TYPE.

        With several workers, these are sums, without memory, CPU and garbage collection, which
        would be those of whichever worker answers.
        """
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        joint = CollectorRegistry()
        MultiProcessCollector(joint)  # type: ignore[no-untyped-call]
        joint.register(self._models)
        return generate_latest(joint)


@dataclass(frozen=True)
class _ModelCollector(Collector):
    """Reads the registry at each scrape, so the metrics always match what is served."""

    artifacts: Callable[[], Mapping[str, Artifact]]
    failures: Callable[[], Mapping[str, str]]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        served = GaugeMetricFamily(
            "atlas_model_info",
            "1 for the version of each model that is served.",
            labels=("model", "version", "digest"),
        )
        for name, artifact in self.artifacts().items():
            served.add_metric((name, str(artifact.manifest.version), artifact.digest), 1)
        failed = GaugeMetricFamily(
            "atlas_model_failed",
            "1 for each model whose newest version failed to load.",
            labels=("model",),
        )
        for name in self.failures():
            failed.add_metric((name,), 1)
        return served, failed
