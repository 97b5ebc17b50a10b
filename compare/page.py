"""The report: one page that holds everything, and asks no network for anything."""

import re
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from compare import charts, notation
from compare.document import settings
from compare.operations import OPERATIONS
from compare.outcome import Cell, Outcome, Trial
from core.storage.capabilities import CAPABILITY_INFO


def page(outcome: Outcome) -> str:
    """HTML, with its charts."""
    environment = Environment(
        loader=PackageLoader("compare", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {
        "code": code,
        "number": notation.number,
        "milliseconds": notation.milliseconds,
        "megabytes": notation.megabytes,
        "ratio": notation.ratio,
    }
    return environment.get_template("page.html").render(
        outcome=outcome,
        plan=outcome.plan,
        machine=outcome.machine,
        trials=outcome.trials,
        first=outcome.trials[0].name,
        workloads=[_workload(outcome, name) for name in outcome.plan.workloads],
        axes=CAPABILITY_INFO,
        middle=notation.middle,
        settings=settings(outcome.plan),
        differences=differences(outcome.trials),
    )


def _workload(outcome: Outcome, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "mixture": outcome.plan.mixture(name),
        "charts": [Markup(draw(outcome, name)) for draw in _charts(outcome)],  # noqa: S704 - drawn by ourselves
        "rows": [_row(outcome, (name, load), trial) for load in outcome.plan.loads for trial in outcome.trials],
        "operations": _operations(outcome, name),
    }


def _charts(outcome: Outcome) -> list[charts.Chart]:
    drawn: list[charts.Chart] = [charts.throughput, charts.latency]
    return [*drawn, charts.ratios] if len(outcome.trials) > 1 else drawn


def _row(outcome: Outcome, cell: Cell, trial: Trial) -> dict[str, Any]:
    figures = outcome.figures.get((cell, trial.name))
    row: dict[str, Any] = {"load": cell[1], "trial": trial, "figures": figures}
    if figures:
        row |= {
            "throughput": sum(figures.throughput) / len(figures.throughput),
            "ratio": outcome.ratio(cell, trial.name, lambda one: one.throughput),
            "ratio99": outcome.ratio(cell, trial.name, lambda one: one.latency(99)),
            "cpu": figures.per_request(lambda one: one.cpu),
            "client_cpu": figures.per_request(lambda one: one.client_cpu),
        }
    return row


def _operations(outcome: Outcome, workload: str) -> list[dict[str, Any]]:
    """For each kind of request and storage, at the heaviest load, what became of it."""
    heaviest = (workload, outcome.plan.loads[-1])
    found = {
        trial.name: outcome.figures[heaviest, trial.name].tally
        for trial in outcome.trials
        if (heaviest, trial.name) in outcome.figures
    }
    return [
        {
            "name": name,
            "kinds": [(trial.name, found[trial.name][name]) for trial in outcome.trials if trial.name in found],
        }
        for name in OPERATIONS
        if name in outcome.plan.mixture(workload)
    ]


def code(text: str) -> Markup:
    """Text in which names stand between backticks."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def differences(trials: list[Trial]) -> set[str]:
    """The capabilities in which the storages differ."""
    declared = [trial.described.get("capabilities", {}) for trial in trials]
    return {name for name in CAPABILITY_INFO if len({repr(able.get(name)) for able in declared}) > 1}
