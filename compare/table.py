"""A comparison in the terminal."""

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compare.formatting import format_megabytes, format_milliseconds, format_number, format_ratio, median_or_none
from compare.outcome import Cell, CellFigures, Outcome, StorageResult


def render_tables(outcome: Outcome) -> RenderableType:
    """A table for each workload, and one of the storages."""
    parts: list[RenderableType] = [_render_workload(outcome, workload) for workload in outcome.plan.workloads]
    if (share := outcome.client_share) is not None:
        parts.append(f"The load generator was busy for {share:.0%} of its time at most.\n")
    return Group(*parts, _render_storages(outcome))


def _render_workload(outcome: Outcome, workload: str) -> Table:
    first = outcome.storages[0].name
    table = Table(title=workload, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("load")
    table.add_column("storage")
    for heading in ("requests/s", f"× {first} (95 %)", "p50 ms", "p95", "p99", "max", "failed", "retries", "trips"):
        table.add_column(heading, justify="right")
    for load in outcome.plan.loads:
        for storage in outcome.storages:
            if figures := outcome.figures.get(((workload, load), storage.name)):
                cells = _format_figures(outcome, (workload, load), storage, figures)
                table.add_row(str(load), storage.name, *cells, style="" if storage.is_correct else "red")
        table.add_section()
    return table


def _format_figures(outcome: Outcome, cell: Cell, storage: StorageResult, figures: CellFigures) -> Iterator[str]:
    latencies = figures.total.latencies
    yield format_number(sum(figures.throughput) / len(figures.throughput))
    yield format_ratio(outcome.ratio(cell, storage.name, lambda one: one.throughput))
    for percentile in (50, 95, 99):
        yield format_milliseconds(latencies.percentile(percentile))
    yield format_milliseconds(latencies.max)
    yield format_number(figures.failed)
    yield format_number(figures.retries)
    yield format_number(figures.round_trips)


def _render_storages(outcome: Outcome) -> Table:
    table = Table(title="storages", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("storage", "server", "start s", "fill s", "size MB", "memory MB", "audit"):
        table.add_column(heading, justify="left" if heading in ("storage", "server", "audit") else "right")
    for storage in outcome.storages:
        table.add_row(
            storage.name,
            str(storage.description.get("server", "–")),
            format_number(median_or_none(storage.startup_seconds)),
            format_number(median_or_none(storage.fill_seconds)),
            format_megabytes(storage.size_after),
            format_megabytes(storage.peak_memory),
            _format_audit(storage),
        )
    return table


def _format_audit(storage: StorageResult) -> Text:
    if storage.is_correct:
        return Text("passed", style="green")
    failures = [f"broken: {storage.failure}"] if storage.failure else []
    return Text("\n".join([*failures, *(f"WRONG: {finding}" for finding in storage.findings)]), style="bold red")
