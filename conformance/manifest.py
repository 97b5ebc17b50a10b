"""What the suite consists of, read from its source: so a test that was not collected is missed too."""

import ast
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.storage import Capabilities

SUITE = Path(__file__).parent / "suite"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a test asks of a storage.

    Attributes:
        needs: capabilities that it must declare.
        lacks: capabilities that it must not declare.
    """

    needs: Set[str] = frozenset()
    lacks: Set[str] = frozenset()

    @classmethod
    def of_fixtures(cls, names: Iterable[str]) -> "Demand":
        """That of the fixtures a test asks for."""
        return cls({"shared"} if "two_servers" in names else frozenset())

    def met_by(self, capabilities: Capabilities) -> bool:
        """Whether the test is for a storage with these."""
        able = all(getattr(capabilities, name) for name in self.needs)
        return able and not any(getattr(capabilities, name) for name in self.lacks)

    def __or__(self, other: "Demand") -> "Demand":
        return Demand(self.needs | other.needs, self.lacks | other.lacks)


def expected(capabilities: Capabilities) -> set[str]:
    """Every test that a storage with these capabilities must pass, as ``test_races.py::test_no_change_is_lost``."""
    return {name for name, demand in contents() if demand.met_by(capabilities)}


def shows(axis: str) -> set[str]:
    """The tests that show how a storage stands on an axis of its capabilities."""
    return {
        name
        for name, demand in contents()
        if name.startswith("test_capabilities") and axis in demand.needs | demand.lacks
    }


@cache
def contents() -> tuple[tuple[str, Demand], ...]:
    """Every test of the suite, and for which storages it is."""
    return tuple(_contents())


def _contents() -> Iterator[tuple[str, Demand]]:
    for file in sorted(SUITE.glob("test_*.py")):
        module = ast.parse(file.read_text(encoding="utf-8"))
        shared = _demand(_module_marks(module))
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                fixtures = {argument.arg for argument in node.args.args}
                yield f"{file.name}::{node.name}", shared | Demand.of_fixtures(fixtures) | _demand(node.decorator_list)


def _module_marks(module: ast.Module) -> list[ast.expr]:
    marks: list[ast.expr] = []
    for node in module.body:
        if isinstance(node, ast.Assign) and "pytestmark" in {t.id for t in node.targets if isinstance(t, ast.Name)}:
            marks += node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return marks


def _demand(marks: list[ast.expr]) -> Demand:
    return Demand(_named("needs", marks), _named("lacks", marks))


def _named(marker: str, marks: list[ast.expr]) -> set[str]:
    calls = [mark for mark in marks if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{marker}"]
    return {ast.literal_eval(argument) for call in calls for argument in call.args}
