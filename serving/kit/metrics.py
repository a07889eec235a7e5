"""Counters that Prometheus reads. The tenant is never a label: the number of series must not grow with customers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._requests = Counter(
            "tekup_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tekup_http_request_seconds",
            "Time from a request's head to its answer's end.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._scores = Counter("tekup_scores_served", "Leads scored or looked up.", ("kind",), registry=self.registry)
        self._model = Gauge(
            "tekup_model_live", "1 for the model version that answers.", ("model_version",), registry=self.registry
        )

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request under its route's template."""
        method = method if method in METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def note_scores(self, kind: str, count: int = 1) -> None:
        """Count scores served: ``one``, ``batch`` or ``stored``."""
        self._scores.labels(kind).inc(count)

    def note_model(self, version: str | None) -> None:
        """Say which model version answers now."""
        self._model.clear()
        if version is not None:
            self._model.labels(version).set(1)

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
