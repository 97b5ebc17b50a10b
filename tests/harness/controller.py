"""The part of the pytest plugin that runs once per run: starts the databases, and says at the end what ran on each."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.plugins import discover
from tests.harness.server import KINDS, Offer, obtain
from tests.harness.site import Site
from tests.harness.tally import Tally

PACKED = "stockroom_offer"


class Controller:
    """Lives in the process that was started by hand, not in the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._selected = _names(config.getoption("storage"), "--storage")
        self._required = _names(config.getoption("require"), "--require")
        if excluded := [name for name in self._required if name not in self._selected]:
            raise pytest.UsageError(f"--require names {', '.join(excluded)}, which --storage leaves out")
        self._config = config
        self._tally = Tally()
        self._offer: Offer | None = None

    def offer(self) -> Offer:
        """What there is; found or started when it is first asked for, so not for tests that need no storage."""
        if self._offer is None:
            site = Site.new()
            self._config.add_cleanup(site.stop)
            try:
                self._offer = asyncio.run(obtain(self._selected, discover(), site))
            except ConfigurationError as error:
                pytest.exit(error.detail, returncode=pytest.ExitCode.USAGE_ERROR)
        return self._offer

    @pytest.hookimpl(tryfirst=True)  # before xdist starts its workers
    def pytest_sessionstart(self) -> None:
        """What is required and absent ends the run before it begins."""
        absent = [name for name in self._required if name in self.offer().absent]
        if absent:
            pytest.exit("; ".join(self._tally.missing(absent, self.offer())), returncode=pytest.ExitCode.TESTS_FAILED)

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker about the databases."""
        node.workerinput[PACKED] = self.offer().pack()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count."""
        for name, value in report.user_properties:
            if name == "storage":
                self._tally.add(str(value), report.when, report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that has not shown what it was required to show."""
        good = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if session.exitstatus in good and self._required and self._tally.missing(self._required, self.offer()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Each storage: what it is, where it came from, what ran on it."""
        if self._offer is None:
            return
        terminalreporter.section("storages")
        for line in self._tally.lines(self._offer):
            terminalreporter.line(line)
        for sentence in self._tally.missing(self._required, self._offer):
            terminalreporter.line(f"FAILED {sentence}", red=True)


def _names(text: str, option: str) -> Sequence[str]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    if names in (["all"], ["embedded"]):
        return [name for name, kind in KINDS.items() if kind.embedded or names == ["all"]]
    if unknown := [name for name in names if name not in KINDS]:
        raise pytest.UsageError(f"{option}: unknown {', '.join(unknown)}; known are {', '.join(KINDS)}, all, embedded")
    return names
