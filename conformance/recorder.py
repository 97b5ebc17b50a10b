"""The part of the plugin that records a run and writes its report."""

import asyncio
import json
import platform
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from conformance.defaults import settings_for
from conformance.manifest import SUITE
from conformance.report import Report
from conformance.target import Target

FORMAT = 1
UNVERIFIED = "unverified"
"""The property in which a test records a capability whose declaration it could neither confirm nor refute."""

_WORKER_OUTPUT = "stockroom_conformance"  # the key under which a worker process sends its results to the controller


class Recorder:
    """Collects outcomes by storage. In a worker process it only collects what the controller cannot know."""

    def __init__(self, config: pytest.Config, targets: Callable[[], list[Target]]) -> None:
        self._config = config
        self._targets = targets
        self._servers: dict[str, str] = {}
        self._deselected: set[tuple[str, str]] = set()

    @cached_property
    def reports(self) -> dict[str, Report]:
        """The reports, by name of the storage."""
        return {target.name: Report.of_backend(target.backend) for target in self._targets()}

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Count deselected tests as missing."""
        for item in items:
            if _is_of_suite(item.path):
                storage = dict(item.user_properties).get("storage")
                self._deselected.add((str(storage), f"{item.path.name}::{item.name}"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the outcome of a test of the suite."""
        properties = dict(report.user_properties)
        if "conformance" in properties:
            storage = str(properties["storage"])
            record = self.reports[storage]
            record.add(str(properties["conformance"]), str(report.when), report.outcome)
            record.unverified |= {str(capability) for name, capability in report.user_properties if name == UNVERIFIED}

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Read each storage's database server once."""
        if (name := dict(item.user_properties).get("storage")) and _is_of_suite(item.path):
            item.user_properties.append(("conformance", f"{item.path.name}::{item.name}"))
            if name not in self._servers:
                [target] = [target for target in self._targets() if target.name == name]
                self._servers[str(name)] = asyncio.run(_read_server(target))

    def pytest_sessionfinish(self) -> None:
        """Send a worker's results to the controller; write the controller's report."""
        output = {"servers": self._servers, "deselected": sorted(self._deselected)}
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput[_WORKER_OUTPUT] = output
            return
        self._merge(output)
        if path := self._config.getoption("conformance_report"):
            Path(path).write_text(json.dumps(self._as_json(), indent=2) + "\n", encoding="utf-8")

    @pytest.hookimpl(optionalhook=True)  # of xdist
    def pytest_testnodedown(self, node: Any) -> None:
        """Merge the results of a worker that has ended."""
        self._merge(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, {"servers": {}, "deselected": []}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write a line for each storage on which the suite ran."""
        reports = {name: report for name, report in self.reports.items() if report.tests} if self._has_results() else {}
        if reports:
            terminalreporter.section("conformance")
        for name, report in reports.items():
            rest = f", {len(report.missing)} missing" if report.missing else ""
            terminalreporter.line(f"{name}: {report.level} ({report.server}; {len(report.tests)} tests{rest})")

    def _has_results(self) -> bool:
        return "reports" in self.__dict__

    def _merge(self, output: dict[str, Any]) -> None:
        for name, server in output["servers"].items():
            self.reports[name].server = server
        for name, test in output["deselected"]:
            self.reports[name].deselected.add(test)

    def _as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "kit": version("stockroom"),
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
            "storages": {name: report.as_json() for name, report in self.reports.items() if report.tests},
        }


def _is_of_suite(path: Path) -> bool:
    return path.parent == SUITE


async def _read_server(target: Target) -> str:
    settings = settings_for(await target.fresh())
    storage = await target.backend.open(settings)
    try:
        return storage.server
    finally:
        await storage.close()
