"""The state machine: hypothesis makes up conversations, and what one of them finds is made short."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conformance.fuzz.panel import Panel
from conformance.fuzz.requests import OPENING, Known, pairs, reads, spoiled, writes
from conformance.fuzz.seat import Divergence
from conformance.fuzz.shortening import shortened
from conformance.fuzz.steps import Line, Step, read
from conformance.fuzz.transcript import replay
from conformance.target import Target

Alter = Callable[[FastAPI], None]
"""Changes an application that has started."""

_TRIES = 8  # of a conversation in which two requests race, before it counts as one that does not fail


def converse(
    targets: Sequence[Target], apps: Mapping[str, FastAPI], profile: settings, alter: Alter | None = None
) -> None:
    """Hold random conversations with all ``targets`` at once; ``apps`` has an application for each by name.

    Raises:
        Divergence: a storage answered what the shop does not. Its conversation is short, if it fails again.
    """
    found: list[Divergence] = []
    try:
        with asyncio.Runner() as runner:

            class Conversation(_Conversation):
                def __init__(self) -> None:
                    super().__init__(runner, Panel.of(targets, apps, alter), found)

            run_state_machine_as_test(Conversation, settings=profile)
    except Exception as error:
        if not found:
            raise
        raise _shortest(found[0], lambda lines: replay(lines, targets, apps, alter)) from error


def _shortest(found: Divergence, hold: Callable[[Sequence[Line]], None]) -> Divergence:
    shortest = found

    def fails(lines: Sequence[Line]) -> bool:
        nonlocal shortest
        for _ in range(_TRIES if any(len(line) > 1 for line in lines) else 1):
            try:
                hold(lines)
            except Divergence as again:
                shortest = again
                return True
        return False

    lines = read(found.transcript)
    if fails(lines):
        shortened(lines, fails)
    return shortest


class _Conversation(RuleBasedStateMachine):
    def __init__(
        self, runner: asyncio.Runner, opened: AbstractAsyncContextManager[Panel], found: list[Divergence]
    ) -> None:
        super().__init__()
        self._runner = runner
        self._opened = opened
        self._panel = runner.run(opened.__aenter__())
        self._known = Known()
        self._found = found
        self._is_over = False

    def _say(self, *line: Step) -> None:
        self._run(self._panel.hear(tuple(self._known.christened(step) for step in line)))

    def _run(self, saying: Coroutine[Any, Any, None]) -> None:
        over, self._is_over = self._is_over, True
        try:
            self._runner.run(saying)
        except Divergence as found:
            self._found.append(found)
            raise
        self._is_over = over

    @initialize(data=st.data())
    def open_shop(self, data: st.DataObject) -> None:
        for step in OPENING:
            if data.draw(st.integers(0, 19)):
                self._say(step)

    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        self._say(data.draw(writes(self._known)))

    @rule(data=st.data())
    def write_more(self, data: st.DataObject) -> None:
        self._say(data.draw(writes(self._known)))

    @rule(data=st.data())
    def read(self, data: st.DataObject) -> None:
        self._say(data.draw(reads(self._known)))

    @rule(data=st.data())
    def write_at_once(self, data: st.DataObject) -> None:
        self._say(*data.draw(pairs(self._known)))

    @rule(data=st.data())
    def spoil(self, data: st.DataObject) -> None:
        self._say(data.draw(spoiled(self._known)))

    def teardown(self) -> None:
        try:
            if not self._is_over:
                self._run(self._panel.look_round())
        finally:
            self._runner.run(self._opened.__aexit__(None, None, None))
