"""Each backend with a deliberate defect fails the test that is written to catch it."""

from typing import Any

import pytest

from conformance.manifest import list_tests
from tests.kit.broken import DEFECTS
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.defect import Defect
from tests.kit.suite_run import run_suite

DEFECTIVE = DEFECTS[1:]

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(240),  # one run of the suite over all of them, on a machine that may be busy
]

# Each defect runs the test that must catch it; the sound backend runs all of them.
BINDING = """
from itertools import count

import pytest

from conformance import Target
from tests.kit.broken import DEFECTS
from tests.kit.broken.backend import scheme_of

CAUGHT_BY = {scheme_of(defect): defect.caught_by for defect in DEFECTS}
numbers = count(1)


class Broken(Target):
    def __init__(self, name):
        self.name = name

    async def blank(self):
        return f"{self.name}://store{next(numbers)}"


def pytest_conformance_targets():
    return [Broken(name) for name in CAUGHT_BY]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    def is_meant(item):
        caught_by = CAUGHT_BY[dict(item.user_properties)["storage"]]
        return caught_by in ("", f"{item.path.name}::{item.originalname}")

    items[:] = [item for item in items if is_meant(item)]
"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of each defect."""
    tests = {defect.caught_by.replace(".py", "") for defect in DEFECTIVE}
    return run_suite(tmp_path_factory.mktemp("broken"), "tests.kit.broken", BINDING, tests, timeout=230)


def outcomes_of(report: dict[str, Any], test: str) -> set[str]:
    """The outcomes of a test of the suite, with all its parameters."""
    return {outcome for name, outcome in report["tests"].items() if name.partition("[")[0] == test}


@pytest.mark.parametrize("defect", DEFECTIVE, ids=lambda defect: defect.__name__)
def test_defect_is_caught_by_its_test(defect: type[Defect], reports: dict[str, Any]) -> None:
    assert "failed" in outcomes_of(reports[scheme_of(defect)], defect.caught_by)
    assert reports[scheme_of(defect)]["level"] == "failed"
    declares_less = defect.capabilities.__func__ is not Defect.capabilities.__func__  # type: ignore[attr-defined]
    assert outcomes_of(reports[scheme_of(Defect)], defect.caught_by) == (set() if declares_less else {"passed"})


def test_every_defect_names_an_existing_test() -> None:
    assert len(DEFECTIVE) >= 40
    assert {defect.caught_by for defect in DEFECTIVE} <= {name for name, _ in list_tests()}


def test_partial_run_of_sound_backend_is_partial(reports: dict[str, Any]) -> None:
    assert reports[scheme_of(Defect)]["level"] == "partial"
