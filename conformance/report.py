"""The outcome of a run of the suite on one storage, and its level."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any, Literal

from conformance.manifest import capability_tests, required_tests
from core.storage import Backend, Capabilities
from core.storage.capabilities import CAPABILITY_INFO

Level = Literal["failed", "partial", "conformant"]
Outcome = Literal["passed", "failed", "skipped"]


@dataclass(slots=True)
class Report:
    """The outcomes on one storage.

    Attributes:
        backend: name of the backend.
        capabilities: those that the backend declares.
        server: name and version of the database, as the opened storage reports them.
        drivers: version by name of each driver that is installed.
        tests: outcome by test of the suite, its parameters included.
        deselected: tests that were collected for it and not run.
        unverified: capabilities whose declaration could be neither confirmed nor refuted, as a test has recorded.
    """

    backend: str
    capabilities: Capabilities
    drivers: dict[str, str]
    server: str = ""
    tests: dict[str, Outcome] = field(default_factory=dict)
    deselected: set[str] = field(default_factory=set)
    unverified: set[str] = field(default_factory=set)

    @classmethod
    def of_backend(cls, backend: Backend) -> "Report":
        """An empty report."""
        drivers = {driver.name: _version(driver.module) for driver in backend.drivers if driver.installed}
        return cls(backend.name, backend.capabilities, drivers)

    @property
    def missing(self) -> list[str]:
        """Tests of the manifest that did not run, or not with all their parameters."""
        ran = {_function_of(name) for name, outcome in self.tests.items() if outcome != "skipped"}
        return sorted((required_tests(self.capabilities) - ran) | self.deselected)

    @property
    def level(self) -> Level:
        """``failed`` if a test failed; ``partial`` if one was skipped or is missing; else ``conformant``."""
        if "failed" in self.tests.values():
            return "failed"
        return "partial" if self.missing or "skipped" in self.tests.values() else "conformant"

    def _runs_of(self, functions: set[str]) -> set[str]:
        return {test for test in self.tests if _function_of(test) in functions}

    def add(self, test: str, phase: str, outcome: Outcome) -> None:
        """Record one phase of one test: its set-up and its tear-down count only if they did not pass."""
        if (phase == "call" or outcome != "passed") and self.tests.get(test) != "failed":
            self.tests[test] = outcome

    def as_json(self) -> Mapping[str, Any]:
        """The report as built-in types."""
        return {
            "level": self.level,
            "backend": self.backend,
            "server": self.server,
            "drivers": self.drivers,
            "capabilities": asdict(self.capabilities),
            "axes": {capability: sorted(self._runs_of(capability_tests(capability))) for capability in CAPABILITY_INFO},
            "unverified": sorted(self.unverified),
            "missing": self.missing,
            "tests": dict(sorted(self.tests.items())),
        }


def _function_of(test: str) -> str:
    return test.partition("[")[0]


def _version(module: str) -> str:
    try:
        return version(packages_distributions().get(module, [module])[0])
    except PackageNotFoundError:  # a part of Python itself
        return ""
