"""Rounds: in each, every storage is opened, filled, driven and audited, and they take turns at every step."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from compare.crew import Broken, Worker
from compare.machine import Machine
from compare.outcome import Measured, Outcome, Trial
from compare.plan import Contender, Plan
from compare.store import settings_of
from core.errors import ConfigurationError
from core.plugins import discover
from demo.scale import Scale

T = TypeVar("T")

logger = logging.getLogger(__name__)

Tell = Callable[[str, float], None]
"""Told what is being done, and how many steps forward that is."""


def steps(plan: Plan) -> int:
    """How many steps a comparison has: filling, each cell, and the audit."""
    return plan.rounds * len(plan.contenders) * (len(plan.cells) + 2)


def compare(plan: Plan, tell: Tell) -> Outcome:
    """Carry out a plan.

    Raises:
        ConfigurationError: a storage cannot be opened, or is not empty. Those that were opened are empty again.
    """
    for contender in plan.contenders:
        _require_backend(contender)
    outcome = Outcome(plan, Machine.here(), [Trial(contender.name) for contender in plan.contenders])
    for number in range(plan.rounds):
        with ExitStack() as stack:
            _Round(outcome, number, tell, stack).run()
    return outcome


def _require_backend(contender: Contender) -> None:
    """What can be known without connecting is said before anything is done."""
    try:
        discover().choose(settings_of(contender))
    except ConfigurationError as error:
        raise ConfigurationError(f"{contender.name}: {error.detail}") from error


class _Round:
    """Whose turn is first changes with every round and every cell: no storage always follows the same other one."""

    def __init__(self, outcome: Outcome, number: int, tell: Tell, stack: ExitStack) -> None:
        self._outcome, self._plan, self._number, self._stack = outcome, outcome.plan, number, stack
        self._tell = tell
        self._crew: list[tuple[Trial, Worker]] = []

    def run(self) -> None:
        trials = [
            (trial, contender)
            for trial, contender in zip(self._outcome.trials, self._plan.contenders, strict=True)
            if trial.broken is None
        ]
        for trial, contender in rotated(trials, self._number):
            self._say(trial, "opening", 0)
            worker = Worker(self._plan, contender)
            self._stack.push(partial(self._end, trial, worker))
            self._attempt(trial, worker, self._open)
            self._attempt(trial, worker, self._fill)
        for index, (workload, load) in enumerate(self._plan.cells):
            for trial, worker in rotated(self._crew, self._number + index):
                self._say(trial, f"{workload}, {load}", 0)
                self._attempt(trial, worker, self._driving(index))
        for trial, worker in self._crew:
            self._attempt(trial, worker, self._audit)

    def _attempt(self, trial: Trial, worker: Worker, step: Callable[[Trial, Worker], None]) -> None:
        """Take a step. A storage that cannot go on takes no further part; the others do."""
        if trial.broken is not None:
            return
        try:
            step(trial, worker)
        except Broken as broken:
            trial.broken = f"round {self._number + 1}: {broken}"

    def _open(self, trial: Trial, worker: Worker) -> None:
        try:
            told = worker.opened()
        except Broken as broken:
            if self._number == 0:
                raise ConfigurationError(f"{trial.name}: {broken}") from broken
            raise
        trial.started_in.append(told.pop("started_in"))
        trial.memory.append(told.pop("memory"))
        trial.described = told
        self._crew.append((trial, worker))

    def _fill(self, trial: Trial, worker: Worker) -> None:
        total = Scale(self._plan.scale).total
        told = worker.ask("fill", lambda rows: self._say(trial, "filling", rows / total))
        trial.filled_in.append(told["seconds"])
        if self._number == 0:
            trial.size_filled = told["size"]

    def _driving(self, index: int) -> Callable[[Trial, Worker], None]:
        workload, load = self._plan.cells[index]

        def drive(trial: Trial, worker: Worker) -> None:
            name = f"{self._number}-{index}"
            told = worker.ask("drive", workload=workload, load=load.model_dump(), name=name)
            trial.cells[workload, load].append(Measured.of(told))
            self._say(trial, f"{workload}, {load}", 1)

        return drive

    def _audit(self, trial: Trial, worker: Worker) -> None:
        self._say(trial, "checking the books", 0)
        told = worker.ask("audit")
        trial.findings += [f"round {self._number + 1}: {finding}" for finding in told["findings"]]
        if self._number == 0:
            trial.size_after = told["size"]
        self._say(trial, "checking the books", 1)

    def _end(self, trial: Trial, worker: Worker, _: object, reason: BaseException | None, __: object) -> None:
        complaint = worker.end()
        if complaint and reason is not None:  # there will be no report that could say so
            logger.error("%s: %s", trial.name, complaint)
        if complaint and trial.broken is None:
            trial.broken = f"round {self._number + 1}: {complaint}"

    def _say(self, trial: Trial, what: str, forward: float) -> None:
        self._tell(f"round {self._number + 1} of {self._plan.rounds}: {trial.name}, {what}", forward)


def rotated(things: Sequence[T], by: int) -> list[T]:
    """The same order, begun elsewhere."""
    start = by % len(things) if things else 0
    return [*things[start:], *things[:start]]
