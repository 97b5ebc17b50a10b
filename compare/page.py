"""The report: one HTML page that contains everything, and loads nothing over the network."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from compare import charts, formatting
from compare.document import plan_settings
from compare.operations import OPERATIONS
from compare.outcome import Cell, Outcome, StorageResult
from core.storage.capabilities import CAPABILITY_INFO


def render_page(outcome: Outcome) -> str:
    """HTML, with its charts."""
    environment = Environment(
        loader=PackageLoader("compare", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "code": mark_up_code,
        "number": formatting.format_number,
        "milliseconds": formatting.format_milliseconds,
        "megabytes": formatting.format_megabytes,
        "ratio": formatting.format_ratio,
        "median": formatting.median_or_none,
    }
    return environment.get_template("page.html").render(
        outcome=outcome,
        plan=outcome.plan,
        host=outcome.host,
        storages=outcome.storages,
        first=outcome.storages[0].name,
        workloads=[_describe_workload(outcome, name) for name in outcome.plan.workloads],
        capabilities=CAPABILITY_INFO,
        settings=plan_settings(outcome.plan),
        differing=find_differing_capabilities(outcome.storages),
    )


def _describe_workload(outcome: Outcome, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "mixture": outcome.plan.mixture(name),
        "charts": [Markup(draw(outcome, name)) for draw in _charts(outcome)],  # noqa: S704 - SVG made here
        "rows": [_row(outcome, (name, load), storage) for load in outcome.plan.loads for storage in outcome.storages],
        "operations": _describe_operations(outcome, name),
    }


def _charts(outcome: Outcome) -> list[charts.DrawChart]:
    drawn: list[charts.DrawChart] = [charts.draw_throughput, charts.draw_latency]
    return [*drawn, charts.draw_ratios] if len(outcome.storages) > 1 else drawn


def _row(outcome: Outcome, cell: Cell, storage: StorageResult) -> dict[str, Any]:
    figures = outcome.figures.get((cell, storage.name))
    row: dict[str, Any] = {"load": cell[1], "storage": storage, "figures": figures}
    if figures:
        row |= {
            "throughput": sum(figures.throughput) / len(figures.throughput),
            "ratio": outcome.ratio(cell, storage.name, lambda one: one.throughput),
            "ratio99": outcome.ratio(cell, storage.name, lambda one: one.latency(99)),
            "cpu": figures.per_request(lambda one: one.cpu),
            "client_cpu": figures.per_request(lambda one: one.client_cpu),
        }
    return row


def _describe_operations(outcome: Outcome, workload: str) -> list[dict[str, Any]]:
    """For each operation and storage, at the heaviest load, the outcomes of its requests."""
    heaviest = (workload, outcome.plan.loads[-1])
    stats = {
        storage.name: outcome.figures[heaviest, storage.name].stats
        for storage in outcome.storages
        if (heaviest, storage.name) in outcome.figures
    }
    return [
        {"name": name, "histograms": [(storage, found[name]) for storage, found in stats.items()]}
        for name in OPERATIONS
        if name in outcome.plan.mixture(workload)
    ]


def mark_up_code(text: str) -> Markup:
    """HTML of a text in which names stand between backticks."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def find_differing_capabilities(storages: list[StorageResult]) -> set[str]:
    """The names of the capabilities in which the storages differ."""
    declared = [storage.description.get("capabilities", {}) for storage in storages]
    return {name for name in CAPABILITY_INFO if len({repr(values.get(name)) for values in declared}) > 1}
