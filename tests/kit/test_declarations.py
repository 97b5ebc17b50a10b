"""Every false declaration of a capability fails: more, less, or another value than the truth."""

from typing import Any

import pytest

from conformance.manifest import capability_tests
from tests.kit.broken.backend import scheme_of
from tests.kit.broken.declarations import FALSE_DECLARATIONS
from tests.kit.suite_run import run_suite

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
    modules = {test.partition(".py::")[0] for name in FALSE_DECLARATIONS for test in capability_tests(name)}
    folder = tmp_path_factory.mktemp("declarations")
    return run_suite(folder, "tests.kit.broken.declarations", BINDING, modules, timeout=110)


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
