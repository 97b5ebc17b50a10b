"""The list of the suite's tests, read from its source, so that a test that was not collected is missed too."""

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.storage import Capabilities

SUITE = Path(__file__).parent / "suite"


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a test requires of a storage.

    Attributes:
        needs: capabilities that it must declare.
        lacks: capabilities that it must not declare.
    """

    needs: Set[str] = frozenset()
    lacks: Set[str] = frozenset()

    @classmethod
    def of_fixtures(cls, names: Iterable[str]) -> "Requirements":
        """Those that follow from the fixtures of a test."""
        return cls({"shared"} if "two_servers" in names else frozenset())

    def are_met_by(self, capabilities: Capabilities) -> bool:
        """Whether the test runs on a storage with these capabilities."""
        able = all(getattr(capabilities, name) for name in self.needs)
        return able and not any(getattr(capabilities, name) for name in self.lacks)

    def __or__(self, other: "Requirements") -> "Requirements":
        return Requirements(self.needs | other.needs, self.lacks | other.lacks)


def required_tests(capabilities: Capabilities) -> set[str]:
    """Every test that a storage with these capabilities must pass, as ``test_races.py::test_no_change_is_lost``."""
    return {name for name, requirements in list_tests() if requirements.are_met_by(capabilities)}


def capability_tests(capability: str) -> set[str]:
    """The tests that show whether a storage has a capability."""
    return {
        name
        for name, requirements in list_tests()
        if name.startswith("test_capabilities") and capability in requirements.needs | requirements.lacks
    }


@cache
def list_tests() -> tuple[tuple[str, Requirements], ...]:
    """Every test of the suite, with its requirements."""
    return tuple(_read_tests())


def _read_tests() -> Iterator[tuple[str, Requirements]]:
    for file in sorted(SUITE.glob("test_*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        shared = _requirements(_module_marks(module))
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                fixtures = Requirements.of_fixtures({argument.arg for argument in node.args.args})
                yield f"{file.name}::{node.name}", shared | fixtures | _requirements(node.decorator_list)


def _module_marks(module: ast.Module) -> list[ast.expr]:
    marks: list[ast.expr] = []
    for node in module.body:
        if isinstance(node, ast.Assign) and "pytestmark" in {t.id for t in node.targets if isinstance(t, ast.Name)}:
            marks += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return marks


def _requirements(marks: list[ast.expr]) -> Requirements:
    return Requirements(_arguments("needs", marks), _arguments("lacks", marks))


def _arguments(marker: str, marks: list[ast.expr]) -> set[str]:
    calls = [mark for mark in marks if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{marker}"]
    return {ast.literal_eval(argument) for call in calls for argument in call.args}
