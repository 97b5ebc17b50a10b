"""The API's metrics, read by Prometheus's own parsers."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

METRICS_PATH = "/metrics"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class MetricsSnapshot:
    """All samples of one scrape.

    Attributes:
        values: by name and labels; labels in the order of their names.
    """

    values: Mapping[tuple[str, Labels], float]

    def value(self, name: str, **labels: str) -> float:
        """A sample; 0 where nothing was counted yet."""
        return self.values.get((f"stockroom_{name}", tuple(sorted(labels.items()))), 0)

    def delta(self, before: "MetricsSnapshot", name: str, **labels: str) -> float:
        """By how much a sample has risen since ``before``."""
        return self.value(name, **labels) - before.value(name, **labels)


async def scrape(client: httpx2.AsyncClient, accept: str = "") -> MetricsSnapshot:
    """The metrics now, in the format that ``accept`` asks for; the text format by default."""
    response = await client.get(METRICS_PATH, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    content_type = response.headers["content-type"]
    assert content_type.startswith(accept or "text/plain; version=0.0.4;"), content_type
    families = list((read_openmetrics if accept else read_text)(response.text))
    assert all(family.documentation for family in families)
    values = {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}
    assert len(values) == sum(len(family.samples) for family in families), "no sample comes twice"
    return MetricsSnapshot(values)
