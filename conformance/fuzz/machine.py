"""The state machine: hypothesis makes up a conversation, all storages answer, and what fails is made short."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conformance.fuzz.panel import Panel
from conformance.fuzz.requests import OPENING, Known, pairs, reads, spoiled, writes
from conformance.fuzz.steps import Step
from conformance.target import Target

Alter = Callable[[FastAPI], None]
"""Changes an application that has started."""


def converse(
    targets: Sequence[Target],
    apps: Mapping[str, FastAPI],
    profile: settings,
    alter: Alter | None = None,
) -> None:
    """Hold random conversations with all ``targets`` at once; ``apps`` has an application for each by name.

    Raises:
        Divergence: the shortest conversation that was found in which a storage answered what the shop does not.
    """
    with asyncio.Runner() as runner:

        class Conversation(_Conversation):
            def __init__(self) -> None:
                super().__init__(runner, Panel.of(targets, apps, alter))

        run_state_machine_as_test(Conversation, settings=profile)


class _Conversation(RuleBasedStateMachine):
    def __init__(self, runner: asyncio.Runner, panel: contextlib.AbstractAsyncContextManager[Panel]) -> None:
        super().__init__()
        self._runner = runner
        self._opened = panel
        self._panel = runner.run(panel.__aenter__())
        self._known = Known()
        self._failed = False

    def _say(self, *line: Step) -> None:
        self._failed = True
        self._runner.run(self._panel.hear(tuple(self._known.christened(step) for step in line)))
        self._failed = False

    @initialize(data=st.data())
    def open_shop(self, data: st.DataObject) -> None:
        for step in OPENING:
            if data.draw(st.integers(0, 19)):  # shrinks to leaving it out
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
            if not self._failed:
                self._runner.run(self._panel.look_round())
        finally:
            self._runner.run(self._opened.__aexit__(None, None, None))
