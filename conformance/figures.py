"""The metrics of the API, as a Prometheus reads them: by its own parsers."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

METRICS = "/metrics"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figures:
    """One look at all metrics.

    Attributes:
        values: by name and labels; labels in the order of their names.
    """

    values: Mapping[tuple[str, Labels], float]

    def of(self, name: str, **labels: str) -> float:
        """A sample; 0 where nothing was counted yet."""
        return self.values.get((f"stockroom_{name}", tuple(sorted(labels.items()))), 0)

    def risen(self, before: "Figures", name: str, **labels: str) -> float:
        """By how much a sample is larger than it was."""
        return self.of(name, **labels) - before.of(name, **labels)


async def scraped(client: httpx2.AsyncClient, accept: str = "") -> Figures:
    """What ``/metrics`` says now, in the form that was asked for."""
    answer = await client.get(METRICS, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"]
    assert kind.startswith(accept or "text/plain; version=0.0.4;"), kind
    families = list((read_openmetrics if accept else read_text)(answer.text))
    assert all(family.documentation for family in families)
    values = {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}
    assert len(values) == sum(len(family.samples) for family in families), "no sample comes twice"
    return Figures(values)
