"""The part of the pytest plugin that runs once per run: starts the databases, and says at the end what ran on each."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.plugins import discover
from tests.harness.offering import Offering
from tests.harness.server import KINDS, Offer, obtain
from tests.harness.site import Site
from tests.harness.tally import Tally

OFFER = "stockroom_offer"


class Controller:
    """Lives in the process that was started by hand, not in the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._selected = _names(config.getoption("storage"), "--storage")
        self._required = _names(config.getoption("require"), "--require")
        self._tally = Tally()
        self._offer = Offer("", (), {})

    @pytest.hookimpl(tryfirst=True)  # before xdist starts its workers
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Find or start the databases. What is required and absent ends the run here."""
        site = Site.new()
        session.config.add_cleanup(site.stop)
        self._offer = asyncio.run(obtain(self._selected, discover(), site))
        absent = [name for name in self._required if name in self._offer.absent]
        if absent:
            pytest.exit("; ".join(self._tally.missing(absent, self._offer)), returncode=pytest.ExitCode.TESTS_FAILED)
        session.config.pluginmanager.register(Offering(self._offer), "stockroom-offering")

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker about the databases."""
        node.workerinput[OFFER] = self._offer.pack()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count."""
        for name, value in report.user_properties:
            if name == "storage":
                self._tally.add(str(value), report.when, report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that has not shown what it was required to show."""
        good = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if session.exitstatus in good and self._tally.missing(self._required, self._offer):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Each storage: what it is, where it came from, what ran on it."""
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
