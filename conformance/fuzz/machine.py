"""The state machine: hypothesis generates request sequences, and a failing one is shrunk."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conformance.fuzz.differential import DifferentialRunner
from conformance.fuzz.participant import Divergence
from conformance.fuzz.requests import INITIAL_STEPS, KnownNames, mutated, pairs, reads, writes
from conformance.fuzz.shrinking import shrink
from conformance.fuzz.steps import Line, Step, parse
from conformance.fuzz.transcript import replay
from conformance.target import Target

Alter = Callable[[FastAPI], None]
"""Changes an application that has started."""

_ATTEMPTS = 8  # to reproduce the failure of a sequence in which two requests race


def run_random_sequences(
    targets: Sequence[Target], apps: Mapping[str, FastAPI], profile: settings, alter: Alter | None = None
) -> None:
    """Run random request sequences on all ``targets`` at once; ``apps`` has an application for each by name.

    Raises:
        Divergence: a storage differs from the model. Its sequence is short, if it fails again.
    """
    found: list[Divergence] = []
    try:
        with asyncio.Runner() as runner:

            class RandomSequence(_RandomSequence):
                def __init__(self) -> None:
                    super().__init__(runner, DifferentialRunner.open(targets, apps, alter), found)

            run_state_machine_as_test(RandomSequence, settings=profile)
    except Exception as error:
        if not found:
            raise
        raise _shrink(found[0], lambda lines: replay(lines, targets, apps, alter)) from error


def _shrink(found: Divergence, run: Callable[[Sequence[Line]], None]) -> Divergence:
    shortest = found

    def fails(lines: Sequence[Line]) -> bool:
        nonlocal shortest
        for _ in range(_ATTEMPTS if any(len(line) > 1 for line in lines) else 1):
            try:
                run(lines)
            except Divergence as again:
                shortest = again
                return True
        return False

    lines = parse(found.transcript)
    if fails(lines):
        shrink(lines, fails)
    return shortest


class _RandomSequence(RuleBasedStateMachine):
    def __init__(
        self,
        runner: asyncio.Runner,
        opened: AbstractAsyncContextManager[DifferentialRunner],
        found: list[Divergence],
    ) -> None:
        super().__init__()
        self._runner = runner
        self._opened = opened
        self._differential = runner.run(opened.__aenter__())
        self._known = KnownNames()
        self._found = found
        self._is_over = False

    def _execute(self, *line: Step) -> None:
        self._run(self._differential.execute(tuple(self._known.bind_names(step) for step in line)))

    def _run(self, execution: Coroutine[Any, Any, None]) -> None:
        over, self._is_over = self._is_over, True
        try:
            self._runner.run(execution)
        except Divergence as found:
            self._found.append(found)
            raise
        self._is_over = over

    @initialize(data=st.data())
    def create_initial_data(self, data: st.DataObject) -> None:
        for step in INITIAL_STEPS:
            if data.draw(st.integers(0, 19)):
                self._execute(step)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        self._execute(data.draw(writes(self._known)))

    @rule(data=st.data())
    def write_more(self, data: st.DataObject) -> None:
        self._execute(data.draw(writes(self._known)))

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        self._execute(data.draw(reads(self._known)))

    @rule(data=st.data())
    def write_concurrently(self, data: st.DataObject) -> None:
        self._execute(*data.draw(pairs(self._known)))

    @rule(data=st.data())
    def send_mutated(self, data: st.DataObject) -> None:
        self._execute(data.draw(mutated(self._known)))

    def teardown(self) -> None:
        try:
            if not self._is_over:
                self._run(self._differential.compare_state())
        finally:
            self._runner.run(self._opened.__aexit__(None, None, None))
