"""Every false declaration of a capability fails: more, less, or another value than the truth."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from conformance.manifest import capability_tests
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.declarations import FALSE_DECLARATIONS

pytestmark = pytest.mark.thorough

# Each backend runs the tests of its falsely declared capability; the timeout is short, for many of them wait in vain.
BINDING = """
from itertools import count

import pytest

from conformance import Target, interleaving
from conformance.manifest import capability_tests
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.declarations import FALSE_DECLARATIONS

interleaving.TIMEOUT = 3
TESTS = {scheme_of(each): capability_tests(name) for name, group in FALSE_DECLARATIONS.items() for each in group}
numbers = count(1)


class FalselyDeclared(Target):
    def __init__(self, name):
        self.name = name

    async def blank(self):
        return f"{self.name}://store{next(numbers)}"


def pytest_conformance_targets():
    return [FalselyDeclared(name) for name in TESTS]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    def is_meant(item):
        return f"{item.path.name}::{item.originalname}" in TESTS[dict(item.user_properties)["storage"]]

    items[:] = [item for item in items if is_meant(item)]
"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of each false declaration."""
    folder = tmp_path_factory.mktemp("declarations")
    (folder / "conftest.py").write_text(BINDING)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    installed = folder / "plugins" / "declared-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[stockroom]\ndeclared = tests.kit.broken.declarations\n")
    files = {test.partition(".py::")[0] for capability in FALSE_DECLARATIONS for test in capability_tests(capability)}
    options = ["-q", "--tb=short", "--conformance-report=report.json", "--pyargs"]
    command = [sys.executable, "-m", "pytest", *options, *(f"conformance.suite.{name}" for name in sorted(files))]
    env = os.environ | {"PYTHONPATH": str(folder / "plugins")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())["storages"]
    return found


@pytest.mark.parametrize("capability", sorted(FALSE_DECLARATIONS.keys() - {"embedded"}))
def test_false_declaration_fails_its_tests(capability: str, reports: dict[str, Any]) -> None:
    for declaration in FALSE_DECLARATIONS[capability]:
        report = reports[scheme_of(declaration)]
        assert "failed" in {report["tests"][test] for test in report["axes"][capability]}, declaration.__name__
        assert report["level"] == "failed"
        assert capability not in report["unverified"]


def test_unprovable_declaration_is_unverified(reports: dict[str, Any]) -> None:
    [declaration] = FALSE_DECLARATIONS["embedded"]  # the sound backend has no schema, so nothing needs to be migrated
    assert reports[scheme_of(declaration)]["unverified"] == ["embedded"]
