"""Runs a comparison: in each round every storage is opened, filled, loaded and audited, taking turns at every step."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from compare.host import HostInfo
from compare.outcome import Measurement, Outcome, StorageResult
from compare.plan import Plan, StorageConfig
from compare.store import load_settings
from compare.workers import Worker, WorkerFailed
from core.errors import ConfigurationError
from core.plugins import discover
from demo.scale import Scale

T = TypeVar("T")

logger = logging.getLogger(__name__)

ReportProgress = Callable[[str, float], None]
"""Called with a description of the current step, and the number of steps completed since the last call."""


def count_steps(plan: Plan) -> int:
    """Number of steps of a comparison: filling, each cell, and the audit."""
    return plan.rounds * len(plan.storages) * (len(plan.cells) + 2)


def run_comparison(plan: Plan, report_progress: ReportProgress) -> Outcome:
    """Carry out a plan.

    Raises:
        ConfigurationError: a storage cannot be opened, or is not empty. Those that were opened are empty again.
    """
    for storage in plan.storages:
        _require_backend(storage)
    outcome = Outcome(plan, HostInfo.collect(), [StorageResult(storage.name) for storage in plan.storages])
    for number in range(plan.rounds):
        with ExitStack() as stack:
            _Round(outcome, number, report_progress, stack).run()
    return outcome


def _require_backend(storage: StorageConfig) -> None:
    """Report what is wrong with the configuration before anything is done."""
    try:
        discover().choose(load_settings(storage))
    except ConfigurationError as error:
        raise ConfigurationError(f"{storage.name}: {error.detail}") from error


class _Round:
    """One round. The storages' order is rotated for every round and cell, so that none always follows the same one."""

    def __init__(self, outcome: Outcome, number: int, report_progress: ReportProgress, stack: ExitStack) -> None:
        self._outcome, self._plan, self._number, self._stack = outcome, outcome.plan, number, stack
        self._report_progress = report_progress
        self._workers: list[tuple[StorageResult, Worker]] = []

    def run(self) -> None:
        storages = [
            (result, storage)
            for result, storage in zip(self._outcome.storages, self._plan.storages, strict=True)
            if result.failure is None
        ]
        for result, storage in rotate(storages, self._number):
            self._report(result, "opening", 0)
            worker = Worker(self._plan, storage)
            self._stack.push(partial(self._stop, result, worker))
            self._attempt(result, worker, self._open)
            self._attempt(result, worker, self._fill)
        for index, (workload, load) in enumerate(self._plan.cells):
            for result, worker in rotate(self._workers, self._number + index):
                self._report(result, f"{workload}, {load}", 0)
                self._attempt(result, worker, partial(self._measure, index))
        for result, worker in self._workers:
            self._attempt(result, worker, self._audit)

    def _attempt(self, result: StorageResult, worker: Worker, step: Callable[[StorageResult, Worker], None]) -> None:
        """Run a step. A storage that fails is left out from then on; the others continue."""
        if result.failure is not None:
            return
        try:
            step(result, worker)
        except WorkerFailed as error:
            result.failure = f"round {self._number + 1}: {error}"

    def _open(self, result: StorageResult, worker: Worker) -> None:
        try:
            description = worker.wait_until_open()
        except WorkerFailed as error:
            if self._number == 0:
                raise ConfigurationError(f"{result.name}: {error}") from error
            raise
        result.startup_seconds.append(description.pop("startup_seconds"))
        result.memory.append(description.pop("memory"))
        result.description = description
        self._workers.append((result, worker))

    def _fill(self, result: StorageResult, worker: Worker) -> None:
        total = Scale(self._plan.scale).total
        filled = worker.execute("fill", lambda rows: self._report(result, "filling", rows / total))
        result.fill_seconds.append(filled["seconds"])
        if self._number == 0:
            result.size_filled = filled["size"]

    def _measure(self, index: int, result: StorageResult, worker: Worker) -> None:
        workload, load = self._plan.cells[index]
        measured = worker.execute("measure", workload=workload, load=load.model_dump(), name=f"{self._number}-{index}")
        result.cells[workload, load].append(Measurement.from_message(measured))
        self._report(result, f"{workload}, {load}", 1)

    def _audit(self, result: StorageResult, worker: Worker) -> None:
        self._report(result, "auditing", 0)
        audited = worker.execute("audit")
        result.findings += [f"round {self._number + 1}: {finding}" for finding in audited["findings"]]
        if self._number == 0:
            result.size_after = audited["size"]
        self._report(result, "auditing", 1)

    def _stop(self, result: StorageResult, worker: Worker, _: object, reason: BaseException | None, __: object) -> None:
        problem = worker.stop()
        if problem and reason is not None:  # there will be no report that could contain it
            logger.error("%s: %s", result.name, problem)
        if problem and result.failure is None:
            result.failure = f"round {self._number + 1}: {problem}"

    def _report(self, result: StorageResult, step: str, completed: float) -> None:
        self._report_progress(f"round {self._number + 1} of {self._plan.rounds}: {result.name}, {step}", completed)


def rotate(items: Sequence[T], by: int) -> list[T]:
    """The items in the same cyclic order, from another start."""
    start = by % len(items) if items else 0
    return [*items[start:], *items[:start]]
