"""The kit believes no declaration: whoever declares more, less or another value than the truth fails, on every axis."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from conformance.manifest import shows
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.declarations import LIES

pytestmark = pytest.mark.thorough

# Each backend meets the tests of the axis on which it lies; what it cannot do is not waited for as long as elsewhere.
BINDING = """
from itertools import count

import pytest

from conformance import Target, interleaving
from conformance.manifest import shows
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.declarations import LIES

interleaving.PATIENCE = 3
TESTS = {scheme_of(lie): shows(axis) for axis, lies in LIES.items() for lie in lies}
numbers = count(1)


class Lying(Target):
    def __init__(self, name):
        self.name = name

    async def blank(self):
        return f"{self.name}://store{next(numbers)}"


def pytest_conformance_targets():
    return [Lying(name) for name in TESTS]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    def meant(item):
        return f"{item.path.name}::{item.originalname}" in TESTS[dict(item.user_properties)["storage"]]

    items[:] = [item for item in items if meant(item)]
"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the kit says of each of them."""
    folder = tmp_path_factory.mktemp("lying")
    (folder / "conftest.py").write_text(BINDING)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    installed = folder / "plugins" / "lying-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: lying\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[stockroom]\nlying = tests.kit.broken.declarations\n")
    files = {test.partition(".py::")[0] for axis in LIES for test in shows(axis)}
    options = ["-q", "--tb=short", "--conformance-report=report.json", "--pyargs"]
    command = [sys.executable, "-m", "pytest", *options, *(f"conformance.suite.{name}" for name in sorted(files))]
    env = os.environ | {"PYTHONPATH": str(folder / "plugins")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())["storages"]
    return found


@pytest.mark.parametrize("axis", sorted(LIES.keys() - {"embedded"}))
def test_false_declaration_fails_its_tests(axis: str, reports: dict[str, Any]) -> None:
    for lie in LIES[axis]:
        report = reports[scheme_of(lie)]
        assert "failed" in {report["tests"][test] for test in report["axes"][axis]}, lie.__name__
        assert report["level"] == "failed"
        assert axis not in report["unverified"]


def test_unprovable_declaration_is_unverified(reports: dict[str, Any]) -> None:
    [lie] = LIES["embedded"]  # the sound backend has no schema, so nothing needs to be migrated
    assert reports[scheme_of(lie)]["unverified"] == ["embedded"]
