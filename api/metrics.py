"""Prometheus metrics of one application: requests, connections, units of work."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from fastapi import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from core.errors import TransientConflict
from core.storage import Storage
from core.storage.observer import Observer

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"
"""Label of unknown methods, which would be unbounded."""
NO_ROUTE = "none"
"""Label of requests without an endpoint, or rejected before routing."""

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BY_BACKEND = ("backend",)

_RouteMetrics = tuple[Counter, Histogram]


class Metrics:
    """The metrics of one application and of the storage that it has open.

    Attributes:
        units: counts the units of work that it observes.
    """

    def __init__(self, in_progress: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "stockroom_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "stockroom_http_request_duration_seconds",
            "Time until a request was answered.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._by_route: dict[tuple[str, str, int], _RouteMetrics] = {}
        progress = Gauge("stockroom_http_requests_in_progress", "Requests not answered yet.", registry=registry)
        progress.set_function(in_progress)
        self._pool = _Pool(registry)
        self._counters = _UnitCounters(registry)
        self.units = Observer()

    def record_end(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request to the endpoint with the path template ``route``; None for no endpoint."""
        found = self._by_route.get((method, route or NO_ROUTE, status))
        if found is None:
            found = self._labelled(method if method in METHODS else OTHER_METHOD, route or NO_ROUTE, status)
        requests, duration = found
        requests.inc()
        duration.observe(seconds)

    def _labelled(self, method: str, route: str, status: int) -> _RouteMetrics:
        """The labelled metrics, cached because the lookup takes longer than the update."""
        found = self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
        return self._by_route.setdefault((method, route, status), found)

    @contextmanager
    def of(self, backend: str, storage: Storage) -> Iterator[None]:
        """A context in which the metrics include those of ``storage``, labelled with its backend's name."""
        self._pool.show(backend, storage)
        self.units = self._counters.of(backend)
        try:
            yield
        finally:
            self.units = Observer()
            self._pool.hide(backend)

    def render(self, accept: str) -> Response:
        """All metrics in the text format of Prometheus or OpenMetrics, as the client accepts."""
        encode, kind = choose_encoder(accept)
        return Response(encode(self._registry), headers={"Content-Type": kind})


class _Pool:
    """Gauges of the storage's connection pool, read when the metrics are scraped."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"stockroom_pool_{name}", text, _BY_BACKEND, registry=registry)

        self._size = gauge("size", "Connections kept open at most; 0 where there is no pool.")
        self._in_use = gauge("in_use", "Connections handed out.")
        self._available = gauge("available", "Connections that can be handed out still.")

    def show(self, backend: str, storage: Storage) -> None:
        self._size.labels(backend).set_function(lambda: storage.pool_status().pool_size)
        self._in_use.labels(backend).set_function(lambda: storage.pool_status().connections_in_use)
        self._available.labels(backend).set_function(lambda: storage.pool_status().connections_available)

    def hide(self, backend: str) -> None:
        for gauge in (self._size, self._in_use, self._available):
            gauge.remove(backend)


class _UnitCounters:
    """Counters of units of work and their conflicts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._units = Counter("stockroom_units_of_work", "Units of work begun.", _BY_BACKEND, registry=registry)
        self._retries = Counter(
            "stockroom_unit_of_work_retries", "Runs of units of work after a conflict.", _BY_BACKEND, registry=registry
        )
        self._conflicts = Counter(
            "stockroom_conflicts",
            "Runs of units of work that a conflict undid (transient), units of work given up after that (outlasted).",
            ["backend", "kind"],
            registry=registry,
        )

    def of(self, backend: str) -> "_Units":
        transient, retries_exhausted = (self._conflicts.labels(backend, kind) for kind in ("transient", "outlasted"))
        return _Units(self._units.labels(backend), self._retries.labels(backend), transient, retries_exhausted)


class _Units(Observer):
    """Counts the units of work of one backend."""

    def __init__(self, units: Counter, retries: Counter, transient: Counter, retries_exhausted: Counter) -> None:
        self._units, self._retries, self._retries_exhausted = units, retries, retries_exhausted
        self._conflicting = transient.count_exceptions(TransientConflict)

    def attempt(self, number: int) -> AbstractContextManager[object]:
        (self._units if number == 1 else self._retries).inc()
        return self._conflicting

    def retries_exhausted(self) -> None:
        self._retries_exhausted.inc()
