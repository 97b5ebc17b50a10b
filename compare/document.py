"""A comparison for programs: JSON, the same figures as in the report."""

from dataclasses import asdict
from typing import Any

from compare.outcome import Figures, Outcome, Trial
from compare.plan import Load, Plan
from compare.ratios import Ratio
from core import clock

FORMAT = 1

Json = dict[str, Any]


def document(outcome: Outcome) -> Json:
    """Everything that was found, in base units: seconds, bytes, requests; without a single URL."""
    return {
        "format": FORMAT,
        "machine": asdict(outcome.machine) | {"at": clock.to_json(outcome.machine.at)},
        "settings": settings(outcome.plan),
        "mixtures": {name: outcome.plan.mixture(name) for name in outcome.plan.workloads},
        "right": outcome.right,
        "storages": [_storage(trial) for trial in outcome.trials],
        "cells": [
            {"workload": workload, **load.model_dump(), "storage": trial.name}
            | _figures(figures)
            | _ratios(outcome, workload, load, trial)
            for workload in outcome.plan.workloads
            for load, trial, figures in outcome.of(workload)
        ],
    }


def settings(plan: Plan) -> Json:
    """How the comparison was made."""
    return plan.model_dump(exclude={"contenders", "weights"})


def _storage(trial: Trial) -> Json:
    return {
        "name": trial.name,
        **trial.described,
        "right": trial.right,
        "findings": trial.findings,
        "broken": trial.broken,
        "started_in": trial.started_in,
        "filled_in": trial.filled_in,
        "size": {"filled": trial.size_filled, "afterwards": trial.size_after},
        "memory": {"started": max(trial.memory, default=None), "most": trial.peak_memory},
    }


def _figures(figures: Figures) -> Json:
    total = figures.total
    return {
        "answered": total.latencies.count,
        "throughput": figures.throughput,
        "latency": {f"p{p}": _seconds(total.latencies.at(p)) for p in (50, 95, 99)}
        | {"max": _seconds(total.latencies.longest)},
        "latencies": total.latencies.pack(),
        "refused": dict(total.refused),
        "failed": dict(total.failed) | {"unserved": sum(measured.unserved for measured in figures.rounds)},
        "reruns": figures.reruns,
        "trips_per_request": figures.trips,
        "cpu_per_request": figures.per_request(lambda one: one.cpu),
        "client_cpu_per_request": figures.per_request(lambda one: one.client_cpu),
        "client_share": figures.client_share,
        "operations": {
            name: {
                "answered": kind.latencies.count,
                "p50": _seconds(kind.latencies.at(50)),
                "p99": _seconds(kind.latencies.at(99)),
                "trips": kind.trips if figures.reruns is not None else None,
            }
            for name, kind in figures.tally.items()
        },
    }


def _ratios(outcome: Outcome, workload: str, load: Load, trial: Trial) -> Json:
    """Multiples of the first storage's figures, with their confidence intervals."""
    cell = (workload, load)
    found: dict[str, Ratio | None] = {
        "throughput": outcome.ratio(cell, trial.name, lambda one: one.throughput),
        "p50": outcome.ratio(cell, trial.name, lambda one: one.latency(50)),
        "p99": outcome.ratio(cell, trial.name, lambda one: one.latency(99)),
    }
    return {"ratios": {name: asdict(one) for name, one in found.items() if one}}


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
