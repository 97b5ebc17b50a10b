"""A comparison in the terminal."""

from collections.abc import Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from compare import notation
from compare.outcome import Cell, Figures, Outcome, Trial


def tables(outcome: Outcome) -> RenderableType:
    """What was measured, and what the storages are."""
    parts: list[RenderableType] = [_workload(outcome, workload) for workload in outcome.plan.workloads]
    if (share := outcome.client_share) is not None:
        parts.append(f"The load generator was busy for {share:.0%} of its time at most.\n")
    return Group(*parts, _storages(outcome))


def _workload(outcome: Outcome, workload: str) -> Table:
    first = outcome.trials[0].name
    table = Table(title=workload, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("load")
    table.add_column("storage")
    for heading in ("requests/s", f"× {first} (95 %)", "p50 ms", "p95", "p99", "max", "failed", "retries", "trips"):
        table.add_column(heading, justify="right")
    for load in outcome.plan.loads:
        for trial in outcome.trials:
            if figures := outcome.figures.get(((workload, load), trial.name)):
                style = "" if trial.right else "red"
                table.add_row(str(load), trial.name, *_figures(outcome, (workload, load), trial, figures), style=style)
        table.add_section()
    return table


def _figures(outcome: Outcome, cell: Cell, trial: Trial, figures: Figures) -> Iterator[str]:
    latencies = figures.total.latencies
    yield notation.number(sum(figures.throughput) / len(figures.throughput))
    yield notation.ratio(outcome.ratio(cell, trial.name, lambda one: one.throughput))
    for percentile in (50, 95, 99):
        yield notation.milliseconds(latencies.at(percentile))
    yield notation.milliseconds(latencies.longest)
    yield notation.number(figures.failed)
    yield notation.number(figures.reruns)
    yield notation.number(figures.trips)


def _storages(outcome: Outcome) -> Table:
    table = Table(title="storages", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("storage", "server", "start s", "fill s", "size MB", "memory MB", "books"):
        table.add_column(heading, justify="left" if heading in ("storage", "server", "books") else "right")
    for trial in outcome.trials:
        table.add_row(
            trial.name,
            str(trial.described.get("server", "–")),
            notation.number(notation.middle(trial.started_in)),
            notation.number(notation.middle(trial.filled_in)),
            notation.megabytes(trial.size_after),
            notation.megabytes(trial.peak_memory),
            verdict(trial),
        )
    return table


def verdict(trial: Trial) -> Text:
    """Whether a storage is right."""
    if trial.right:
        return Text("add up", style="green")
    return Text("\n".join((["broken: " + trial.broken] if trial.broken else []) + _wrong(trial)), style="bold red")


def _wrong(trial: Trial) -> list[str]:
    return [f"WRONG: {finding}" for finding in trial.findings]
