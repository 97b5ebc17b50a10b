"""The part of the pytest plugin that exists once per run: starts the databases, and reports what ran on each."""

import asyncio
from typing import Any

import pytest

from core.errors import ConfigurationError
from core.plugins import discover
from tests.harness.outcomes import OutcomeCounts
from tests.harness.run_directory import RunDirectory
from tests.harness.selection import select_storages
from tests.harness.server import AvailableServers, obtain_servers

WORKER_INPUT_KEY = "stockroom_servers"


class Controller:
    """Runs in pytest's main process, not in the workers of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._selected, self._required = select_storages(config.getoption("storage"), config.getoption("require"))
        self._config = config
        self._counts = OutcomeCounts()
        self._available: AvailableServers | None = None

    def available(self) -> AvailableServers:
        """The servers, found or started on the first call, so that tests without a storage start none."""
        if self._available is None:
            run_directory = RunDirectory.new()
            self._config.add_cleanup(run_directory.stop)
            try:
                self._available = asyncio.run(obtain_servers(self._selected, discover(), run_directory))
            except ConfigurationError as error:
                pytest.exit(error.detail, returncode=pytest.ExitCode.USAGE_ERROR)
        return self._available

    @pytest.hookimpl(tryfirst=True)  # before xdist starts its workers
    def pytest_sessionstart(self) -> None:
        """End the run if a required storage is absent."""
        absent = [name for name in self._required if name in self.available().absent]
        if absent:
            message = "; ".join(self._counts.unmet_requirements(absent, self.available()))
            pytest.exit(message, returncode=pytest.ExitCode.TESTS_FAILED)

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_configure_node(self, node: Any) -> None:
        """Pass the servers to a worker."""
        node.workerinput[WORKER_INPUT_KEY] = self.available().pack()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the outcome."""
        for name, value in report.user_properties:
            if name == "storage":
                self._counts.add(str(value), report.when, report.outcome)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the run if no test has passed on a required storage."""
        good = (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if session.exitstatus not in good or not self._required:
            return
        if self._counts.unmet_requirements(self._required, self.available()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print each storage: its product, its origin, and its test outcomes."""
        if self._available is None:
            return
        terminalreporter.section("storages")
        for line in self._counts.format_lines(self._available):
            terminalreporter.line(line)
        for sentence in self._counts.unmet_requirements(self._required, self._available):
            terminalreporter.line(f"FAILED {sentence}", red=True)
