"""The kit catches what it must: each backend that is wrong on purpose fails the test written for its defect."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from conformance.manifest import contents
from tests.kit.broken import DEFECTS
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.defect import Defect

WRONG = DEFECTS[1:]

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(240),  # one run of the kit over all of them, on a machine that may be busy
]

# Each defect meets the test that must catch it, and so does the backend without a defect.
BINDING = """
from itertools import count

import pytest

from conformance import Target
from tests.kit.broken import DEFECTS
from tests.kit.broken.backend import scheme_of

CATCHES = {scheme_of(defect): defect.caught_by for defect in DEFECTS}
numbers = count(1)


class Broken(Target):
    def __init__(self, name):
        self.name = name

    async def blank(self):
        return f"{self.name}://store{next(numbers)}"


def pytest_conformance_targets():
    return [Broken(name) for name in CATCHES]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    def met(item):
        caught_by = CATCHES[dict(item.user_properties)["storage"]]
        return caught_by in ("", f"{item.path.name}::{item.originalname}")

    items[:] = [item for item in items if met(item)]
"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the kit says of each defect."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "conftest.py").write_text(BINDING)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\n")
    installed = folder / "plugins" / "broken-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[stockroom]\nbroken = tests.kit.broken\n")
    names = sorted({f"conformance.suite.{defect.caught_by.replace('.py', '')}" for defect in WRONG})
    options = ["-q", "--tb=short", "--conformance-report=report.json", "--pyargs"]
    command = [sys.executable, "-m", "pytest", *options, *names]
    env = os.environ | {"PYTHONPATH": str(folder / "plugins")}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=230)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())["storages"]
    return found


def outcomes(report: dict[str, Any], test: str) -> set[str]:
    """Of a test of the suite, with all its parameters."""
    return {outcome for name, outcome in report["tests"].items() if name.partition("[")[0] == test}


@pytest.mark.parametrize("defect", WRONG, ids=lambda defect: defect.__name__)
def test_defect_is_caught_by_its_test(defect: type[Defect], reports: dict[str, Any]) -> None:
    assert "failed" in outcomes(reports[scheme_of(defect)], defect.caught_by)
    assert reports[scheme_of(defect)]["level"] == "failed"
    declares_less = defect.capabilities.__func__ is not Defect.capabilities.__func__  # type: ignore[attr-defined]
    assert outcomes(reports[scheme_of(Defect)], defect.caught_by) == (set() if declares_less else {"passed"})


def test_every_defect_names_an_existing_test() -> None:
    assert len(WRONG) >= 40
    assert {defect.caught_by for defect in WRONG} <= {name for name, _ in contents()}


def test_partial_run_of_sound_backend_is_partial(reports: dict[str, Any]) -> None:
    assert reports[scheme_of(Defect)]["level"] == "partial"
