"""A comparison as JSON, with the same figures as the report."""

from dataclasses import asdict
from typing import Any

from compare.outcome import CellFigures, Outcome, StorageResult
from compare.plan import Load, Plan
from compare.ratios import Ratio
from core import clock

FORMAT = 1

Json = dict[str, Any]


def make_document(outcome: Outcome) -> Json:
    """All results in base units: seconds, bytes, requests. Contains no URL."""
    return {
        "format": FORMAT,
        "machine": asdict(outcome.host) | {"at": clock.to_json(outcome.host.at)},
        "settings": plan_settings(outcome.plan),
        "mixtures": {name: outcome.plan.mixture(name) for name in outcome.plan.workloads},
        "right": outcome.is_correct,
        "storages": [_describe_storage(storage) for storage in outcome.storages],
        "cells": [
            {"workload": workload, **load.model_dump(), "storage": storage.name}
            | _describe_figures(figures)
            | _describe_ratios(outcome, workload, load, storage)
            for workload in outcome.plan.workloads
            for load, storage, figures in outcome.figures_of(workload)
        ],
    }


def plan_settings(plan: Plan) -> Json:
    """The settings of the comparison that hold no URL."""
    return plan.model_dump(exclude={"storages", "weights"})


def _describe_storage(storage: StorageResult) -> Json:
    return {
        "name": storage.name,
        **storage.description,
        "right": storage.is_correct,
        "findings": storage.findings,
        "broken": storage.failure,
        "started_in": storage.startup_seconds,
        "filled_in": storage.fill_seconds,
        "size": {"filled": storage.size_filled, "afterwards": storage.size_after},
        "memory": {"started": max(storage.memory, default=None), "most": storage.peak_memory},
    }


def _describe_figures(figures: CellFigures) -> Json:
    latencies = figures.total.latencies
    return {
        "answered": latencies.count,
        "throughput": figures.throughput,
        "latency": {f"p{p}": _to_seconds(latencies.percentile(p)) for p in (50, 95, 99)}
        | {"max": _to_seconds(latencies.max)},
        "latencies": latencies.pack(),
        "refused": dict(figures.total.refused),
        "failed": dict(figures.total.failed) | {"unserved": sum(one.unserved for one in figures.rounds)},
        "reruns": figures.retries,
        "trips_per_request": figures.round_trips,
        "cpu_per_request": figures.per_request(lambda one: one.cpu),
        "client_cpu_per_request": figures.per_request(lambda one: one.client_cpu),
        "client_share": figures.client_share,
        "operations": {
            name: {
                "answered": histogram.latencies.count,
                "p50": _to_seconds(histogram.latencies.percentile(50)),
                "p99": _to_seconds(histogram.latencies.percentile(99)),
                "trips": histogram.round_trips if figures.retries is not None else None,
            }
            for name, histogram in figures.stats.items()
        },
    }


def _describe_ratios(outcome: Outcome, workload: str, load: Load, storage: StorageResult) -> Json:
    """Multiples of the first storage's figures, with their confidence intervals."""
    cell = (workload, load)
    ratios: dict[str, Ratio | None] = {
        "throughput": outcome.ratio(cell, storage.name, lambda one: one.throughput),
        "p50": outcome.ratio(cell, storage.name, lambda one: one.latency(50)),
        "p99": outcome.ratio(cell, storage.name, lambda one: one.latency(99)),
    }
    return {"ratios": {name: asdict(ratio) for name, ratio in ratios.items() if ratio}}


def _to_seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
