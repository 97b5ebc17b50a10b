"""What a run of the suite came to on one storage, and what that is worth."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any, Literal

from conformance.manifest import expected, shows
from core.storage import Backend, Capabilities
from core.storage.capabilities import CAPABILITY_INFO

Level = Literal["failed", "partial", "conformant"]
Outcome = Literal["passed", "failed", "skipped"]


@dataclass(slots=True)
class Report:
    """One storage.

    Attributes:
        backend: name of the backend.
        capabilities: what it declares.
        server: name and version of the database, as the opened storage reports them.
        drivers: version by name of each driver that is installed.
        tests: outcome by test of the suite, its parameters included.
        deselected: tests that were collected for it and not run.
        unverified: axes whose declaration could be neither shown nor disproved; a test records them as a property.
    """

    backend: str
    capabilities: Capabilities
    drivers: dict[str, str]
    server: str = ""
    tests: dict[str, Outcome] = field(default_factory=dict)
    deselected: set[str] = field(default_factory=set)
    unverified: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, backend: Backend) -> "Report":
        """An empty one."""
        drivers = {one.name: _version(one.module) for one in backend.drivers if one.installed}
        return cls(backend.name, backend.capabilities, drivers)

    @property
    def missing(self) -> list[str]:
        """Tests of the manifest that did not run, or not with all their parameters."""
        ran = {_function(name) for name, outcome in self.tests.items() if outcome != "skipped"}
        return sorted((expected(self.capabilities) - ran) | self.deselected)

    @property
    def level(self) -> Level:
        """``failed`` if a test failed; ``partial`` if one was skipped or is missing; else ``conformant``."""
        if "failed" in self.tests.values():
            return "failed"
        return "partial" if self.missing or "skipped" in self.tests.values() else "conformant"

    def _named(self, functions: set[str]) -> set[str]:
        return {test for test in self.tests if _function(test) in functions}

    def add(self, test: str, phase: str, outcome: Outcome) -> None:
        """Note one phase of one test: its set-up and its tear-down count only if they did not pass."""
        if (phase == "call" or outcome != "passed") and self.tests.get(test) != "failed":
            self.tests[test] = outcome

    def as_json(self) -> Mapping[str, Any]:
        """As built-in types."""
        return {
            "level": self.level,
            "backend": self.backend,
            "server": self.server,
            "drivers": self.drivers,
            "capabilities": asdict(self.capabilities),
            "axes": {axis: sorted(self._named(shows(axis))) for axis in CAPABILITY_INFO},
            "unverified": sorted(self.unverified),
            "missing": self.missing,
            "tests": dict(sorted(self.tests.items())),
        }


def _function(test: str) -> str:
    return test.partition("[")[0]


def _version(module: str) -> str:
    try:
        return version(packages_distributions().get(module, [module])[0])
    except PackageNotFoundError:  # a part of Python itself
        return ""
