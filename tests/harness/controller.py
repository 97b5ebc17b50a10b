"""The part of the pytest plugin that runs once per run: starts the databases, and says at the end what ran on each."""

import asyncio
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.plugins import discover
from tests.harness.selection import choose
from tests.harness.server import Offer, obtain
from tests.harness.site import Site
from tests.harness.tally import Tally

PACKED = "stockroom_offer"


class Controller:
    """Lives in the process that was started by hand, not in the workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._selected, self._required = choose(config.getoption("storage"), config.getoption("require"))
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
